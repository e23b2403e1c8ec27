package event

// Refused is what a client was told when nothing of its request was taken.
type Refused struct {
	Code   string `json:"code"`             // of the fault
	Events int    `json:"events"`           // in the request, as far as they could be told apart; 1 when it could not be read
	Reason string `json:"reason,omitempty"` // a sentence that quotes nothing of what was sent; "" in notes of older releases
}

// Refusal is one refused request as it is kept, to be counted. It holds nothing that was sent.
type Refusal struct {
	Request  string `json:"request"` // unique: noted again it is the same
	Source   string `json:"source"`
	Received Millis `json:"received"`
	Refused
}

// Refusal gives what an envelope notes; ok is false when it brings events.
func (e Envelope) Refusal() (r Refusal, ok bool) {
	if e.Refused == nil {
		return Refusal{}, false
	}
	return Refusal{Request: e.Request, Source: e.Source, Received: e.Received, Refused: *e.Refused}, true
}
