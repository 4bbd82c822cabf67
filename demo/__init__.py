"""The sample world: publishers on the loopback and the files of partners that do not exist, all marked SAMPLE."""
