"""`python -m kwake_tui` is `kwake`."""

from kwake_tui.cli import main

raise SystemExit(main())
