package workspace

import "waymark/shared/domain/event"

// Quarantine takes events out of everything that is counted, as if they had never come, until it is lifted. The events stay where they are.
type Quarantine struct {
	ID      string       `json:"id"`
	Source  string       `json:"source"`
	From    event.Millis `json:"from"`             // of receipt
	To      event.Millis `json:"to"`               // of receipt; not part of it
	When    Condition    `json:"when,omitzero"`    // which of the source's events of that time; all where nothing is said
	Reason  string       `json:"reason,omitempty"` // what the operator said; it may name people, so no log holds it
	Applied event.Millis `json:"applied"`
}

// Condition is what an event must be: all that is said must hold, and of a list any. The zero Condition holds for every event.
type Condition struct {
	Types      []event.Type       `json:"type,omitempty"`
	Names      []string           `json:"name,omitempty"`     // exact, or a beginning written "Product *"
	NotNames   []string           `json:"not_name,omitempty"` // the same, for names that must not be
	Pages      []string           `json:"page,omitempty"`     // beginnings of the page's path
	Properties []PropertyIs       `json:"properties,omitempty"`
	Grades     []string           `json:"grade,omitempty"`    // server, signed, public
	Devices    []string           `json:"device,omitempty"`   // class of the user agent: desktop, mobile, tablet, other, or bot
	Campaigns  []string           `json:"campaign,omitempty"` // exact, or a beginning as of Names
	Networks   []string           `json:"network,omitempty"`  // as events keep them: 203.0.113.0/24, 2001:db8::/48
	Kept       []event.Identifier `json:"kept_under,omitempty"`
}

// PropertyIs is one comparison of a property, as in the rules of a stage model.
type PropertyIs struct {
	Name   string   `json:"name"`
	Op     string   `json:"is"`
	Values []string `json:"values"`
}

// MaxQuarantines bounds those of one workspace, which are asked of every event that is counted.
const MaxQuarantines = 100
