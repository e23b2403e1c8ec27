package model

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kind"
	"waymark/shared/domain/plan"
)

// Keep is the properties that stored touchpoints keep: those of the catalogue and those that built-in stage rules read, and of events by which people
// say what they think, such as a review, their text. Everything else that a client sends is dropped, so that no personal data is kept by accident.
// Each call gives maps of its own.
func Keep() event.Keep { return event.Keep{Always: keptProperties(), Words: wordedEvents()} }

// Kinds are the kinds of touchpoint by the events that are of them. Each call gives a map of its own.
func Kinds() kind.Catalogue { return kinds() }

// TrackNames are the names of track events that the catalogue knows. Each call gives a map of its own.
func TrackNames() map[string]bool {
	names := map[string]bool{}
	for key := range kinds() {
		if name, isTrack := strings.CutPrefix(key, "track "); isTrack {
			names[name] = true
		}
	}
	return names
}

// schemas are written by "make golden" from catalogue.yaml.
//
//go:embed kinds/*.json
var schemas embed.FS

// Schema is the JSON Schema of the events of a kind, in the version of this release. The error says that there is no such kind.
func Schema(kind string) (string, error) {
	text, err := fs.ReadFile(schemas, "kinds/"+kind+".json")
	if err != nil {
		return "", fmt.Errorf("there is no kind %q of touchpoint", kind)
	}
	return string(text), nil
}

// Plans checks what sources demand of their events. It reads schemas when a source needs them.
func Plans() *plan.Checker { return plan.NewChecker(plan.Kinds{Catalogue: Kinds, Schema: Schema}) }
