package event

// Record is one accepted event as the archive keeps it: who, what and how they came, never traits.
type Record struct {
	Workspace   string       `json:"w"`
	Type        Type         `json:"t"`
	Identifiers []Identifier `json:"i"`
	Previous    []Identifier `json:"p,omitempty"`
	Marketing   Marketing    `json:"m"`
	Request     string       `json:"q,omitempty"` // with Index: which delivery by a client this is; redelivered by the queue it is the same
	Index       int          `json:"x,omitempty"`
	Agent       string       `json:"a,omitempty"` // user agent, so that changed bot rules can be applied to the past
	Touchpoint  Touchpoint   `json:"e"`           // of identify, group and alias: id, source and times alone
}
