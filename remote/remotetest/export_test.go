package remotetest

// NewTurnsOn is NewTurns with a listener that is there.
var NewTurnsOn = newTurns
