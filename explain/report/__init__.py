"""The report: one page that shows why a piece sounds as it does, with nothing outside itself."""

from explain.report.page import page
from explain.report.still import still

__all__ = ["page", "still"]
