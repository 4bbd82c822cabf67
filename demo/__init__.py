"""The sample world: publishers on the loopback and the workbooks of partners that do not exist. Everything here is marked SAMPLE."""
