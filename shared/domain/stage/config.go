package stage

import (
	"time"

	"waymark/shared/domain/event"
)

// Policy says what a touchpoint may do to a stage that was reached.
type Policy string

// The policies. A lapse ends with the next touchpoint under both, at the stage that it points to, or else at the stage before the lapse.
const (
	Latest   Policy = "latest"   // the stage a touchpoint points to becomes current whenever it differs: jumps, steps back, re-entry
	Furthest Policy = "furthest" // only a later stage becomes current
)

// Config is a stage model as written down.
type Config struct {
	Name    string
	Version int
	Policy  Policy
	Stages  []Name // in the order of the journey
	Lapse   Name   // the stage entered by silence, outside the order; "" = none
	Rules   []Rule
}

// Rule is one way into a stage. It is either asked at touchpoints (When, Entry, Orders, Count: all must hold) or comes with time alone
// (Elapsed or Silence).
type Rule struct {
	ID      string
	Line    int // where it stands in its file, for messages; 0 = unknown
	Stage   Name
	When    When
	Entry   bool // only for a person who is in no stage yet
	Orders  *Orders
	Count   *Count
	Elapsed *Elapsed
	Silence *Silence
}

// When is what a touchpoint must be. All that is given must hold; the zero When holds for every touchpoint.
type When struct {
	Types      []event.Type
	Names      []string // exact, or a beginning written "Product *"
	NotNames   []string // the same, for names that must not be
	Channels   []string
	Page       Page
	Properties []Property
}

// Page asks for the path of the page's address, in lower case: any of the beginnings and any of the parts.
type Page struct {
	Prefix   []string
	Contains []string
}

// Op compares a property.
type Op string

// The comparisons. Values that are decimal numbers on both sides are compared exactly as numbers, all others as text, by letter and case.
const (
	Equals  Op = "equals"   // the one value
	In      Op = "in"       // any of the values
	AtLeast Op = "at_least" // a number not less than the one value
	AtMost  Op = "at_most"  // a number not more than the one value
	Prefix  Op = "prefix"   // begins with any of the values
	Exists  Op = "exists"   // is there ("true") or is not there ("false")
)

// Property is one comparison of one property. A property that is not there satisfies only Exists "false".
type Property struct {
	Name   string
	Op     Op
	Values []string
}

// Orders asks how many distinct orders the person completed so far, this touchpoint's included.
type Orders struct {
	AtLeast int
	AtMost  *int // nil = no limit
}

// Count asks how many touchpoints of one sort came so far, this one included.
type Count struct {
	Of      *When // nil = those that satisfy the rule's own When
	AtLeast int
	Within  time.Duration // not longer ago than this, the very moment included; 0 = ever
}

// Elapsed holds so long after a stage was entered, if it was not left meanwhile.
type Elapsed struct {
	In    Name
	After time.Duration
}

// Silence holds so long after the last touchpoint.
type Silence struct {
	After time.Duration
}
