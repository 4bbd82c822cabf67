"""What the child runs that opens a workbook. It knows the standard library alone, so that it starts in a fiftieth of a second."""
