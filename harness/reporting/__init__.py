"""What people see of a run: the decoded exchanges, the report model and its renderers. Reads the record, never writes it."""
