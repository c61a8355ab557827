"""``python -m agent.cli``: the same as the command ``chiaroscore``."""

import sys

from agent.cli.app import main

sys.exit(main())
