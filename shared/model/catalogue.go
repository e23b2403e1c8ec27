package model

// Properties are the properties that stored touchpoints keep: those of the catalogue and those that built-in stage rules read. Everything else
// that a client sends is dropped, so that no personal data is kept by accident. Each call gives a map of its own.
func Properties() map[string]bool { return keptProperties() }

// TrackNames are the names of track events that the catalogue knows. Each call gives a map of its own.
func TrackNames() map[string]bool { return trackNames() }
