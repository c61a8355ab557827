"""The offline mind: perceives, plans and writes with nothing but what pip installs."""
