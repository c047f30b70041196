"""One thin file a verb: options, source, core, print."""
