package event

import "slices"

// Record is one accepted event as the archive keeps it: who, what and how they came, never traits.
type Record struct {
	Workspace   string       `json:"w"`
	Type        Type         `json:"t"`
	Identifiers []Identifier `json:"i"`
	Previous    []Identifier `json:"p,omitempty"`
	Request     string       `json:"q,omitempty"` // with Index: which delivery by a client this is; redelivered by the queue it is the same
	Index       int          `json:"x,omitempty"`
	Touchpoint  Touchpoint   `json:"e"` // of identify, group and alias: id, source, times, marketing and agent alone
}

// PrimaryID is the identifier that the event is kept under: the one of the highest rank.
func (r Record) PrimaryID() Identifier { return r.Identifiers[0] }

// Record is what the archive keeps of an event. keep says which properties are kept.
func (e Event) Record(keep Keep) Record {
	return Record{
		Workspace: e.Workspace, Type: e.Type, Identifiers: e.Identifiers, Previous: e.Previous, Request: e.Request, Index: e.Index,
		Touchpoint: e.Touchpoint(keep),
	}
}

// Others are the identifiers that the event proves to belong to the one that it is kept under: those of lower rank, and those that an alias gives
// up for a user.
func (r Record) Others() []Identifier {
	others := slices.Clone(r.Identifiers[1:])
	for _, given := range r.Previous {
		if given != r.PrimaryID() && r.PrimaryID().Kind() == User && !slices.Contains(others, given) {
			others = append(others, given)
		}
	}
	return others
}
