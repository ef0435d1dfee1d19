"""The pytest plugin that runs cases, one feature a file.

- `collection`: which functions of the suites run, on which device, over which link, and in what order;
- `recording`: what became of each case, judged and written down as it happens;
- `assertions`: that a step which judges really evaluated an assertion;
- `fixtures`: what a case may ask for.

pytest runs inside the slot's process with no plugin but these and no configuration but `pytest.ini` beside this file, so
that neither the lab's working directory nor what else is installed there changes a verdict.
"""
