package workspace

import "waymark/shared/domain/event"

// Document is something that a workspace has settled as data: its funnels, costs, objectives, own metrics. What stands in it says the package that reads it.
type Document struct {
	Kind    string       `json:"kind"`
	Text    string       `json:"text"` // JSON; "" once it was taken away
	Changed event.Millis `json:"changed"`
}

// MaxDocument is how many bytes of JSON a document may have: an item of the table holds it, compressed.
const MaxDocument = 1 << 20
