// Package quality counts what became of the events that came in: each has one of four fates, and the sum of the fates is what was received. Of the
// accepted ones it counts what is odd about them: repeats, late ones, wrong clocks, bots, names that nobody knows; and how far what came in may be
// believed: whose word it rests on, and where two say different things (trust.go, contested.go).
//
// It counts deliveries. An event that a client sends again is received twice, accepted twice and one repeat; one that the queue delivers again, or
// that a crash left twice in the archive, is the same delivery and counts once. Deliveries are told apart by request and place in it.
//
// It reads nothing: the caller brings what the stores hold, in any order and with any doubles, and asks which days of the archive it must read still.
//
//	t := quality.New(config)
//	t.Dead(envelope); t.Reject(failed); t.Refuse(refusal)
//	for days := t.Needs(); …                             // read the archive's objects of these days
//		t.Accept(quality.CopyOf(record, ""))
//	report := t.Report()
package quality

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/profile"
)

// LateAfter is how long after it happened an event is received late. Times are corrected ones, so a wrong clock alone makes nobody late.
const LateAfter = time.Hour

// TopNames is how many unknown names a row lists, the most frequent first.
const TopNames = 5

// Counts of deliveries. Received is the sum of the four fates; everything below them is of the accepted.
type Counts struct {
	Received int `json:"received"`
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`  // the client was told
	Rejected int `json:"rejected"` // kept with the failed events
	Failed   int `json:"failed"`   // in the dead-letter queue

	RefusedBy  map[string]int `json:"refused_by,omitempty"`  // code
	RejectedBy map[string]int `json:"rejected_by,omitempty"` // class

	Repeats      int            `json:"repeats"`   // of an event that was received before
	Conflicts    int            `json:"conflicts"` // with the message id of an earlier delivery, of which they say something else
	Late         int            `json:"late"`      // received more than LateAfter after it happened
	Skewed       int            `json:"skewed"`    // the device's clock was corrected
	Future       int            `json:"future"`    // still too far in the future, so the time of receipt was taken
	Untimed      int            `json:"untimed"`   // came without a timestamp
	Bots         int            `json:"bots"`      // by today's rules
	BotsBy       map[string]int `json:"bots_by,omitempty"`
	Quarantined  int            `json:"quarantined"`             // in quarantine now; they count nowhere
	OrderCopies  int            `json:"order_copies"`            // Order Completed of an order id that an earlier event has; it counts nowhere
	UnknownNames int            `json:"unknown_names"`           // track events that the catalogue does not name
	Names        []Name         `json:"names,omitempty"`         // the most frequent of them, at most TopNames
	Incomplete   int            `json:"incomplete"`              // touchpoints without a property that their kind needs
	IncompleteBy map[string]int `json:"incomplete_by,omitempty"` // kind

	names map[string]int
}

// Name is an event name with how often it came.
type Name struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Row is what one source sent on one day of receipt.
type Row struct {
	Day    string `json:"day"`
	Source string `json:"source"`
	Counts
}

// Report has the rows by day, then source, and their sum; and of the same deliveries whose word they rest on and what is contested.
type Report struct {
	Rows        []Row                `json:"rows"`
	Total       Counts               `json:"total"`
	Shares      Shares               `json:"shares"`
	Orders      ContestedOrders      `json:"contested_orders"`
	Identifiers ContestedIdentifiers `json:"contested_identifiers"`
}

// Config says what is counted. Every field but Source must be set.
type Config struct {
	Workspace string
	From, To  event.Millis              // of receipt; To is not part of it
	Source    string                    // "" = all
	Day       func(event.Millis) string // names the day that an instant lies in
	Known     func(name string) bool    // says whether a track event has a known name
	Currency  string                    // the workspace's own: of amounts that name none

	Stored // what the caller has looked up since; it may be set until Report
}

// Stored is what the stores say of what was tallied. Each may be left out: then nothing counts, everybody is a person of their own, and identifiers
// belong to whom the deliveries say.
type Stored struct {
	Person func(event.Identifier) (root event.Identifier, isKnown bool)       // of the identifiers of Claimants
	Links  func(child event.Identifier) (parents []identity.Link, known bool) // of the identifiers of Claimed
}

// delivery is one event of one request.
type delivery struct {
	request string
	index   int
}

// group is where copies of one event meet: under the identifier that they are kept under, and apart by type unless they are touchpoints. What is in
// quarantine makes nothing else a repeat.
type group struct {
	kept          event.Identifier
	kind          event.Type
	isQuarantined bool
}

// Copy is what is counted of an archived event.
type Copy struct {
	delivery delivery
	group    group
	id       event.ID
	source   string
	original event.Millis
	received event.Millis
	untimed  bool
	skewed   bool
	future   bool
	late     bool
	bot      string
	name     string // of a track event
	grade    event.Grade
	said     uint64 // digest of what it says
	touches  bool
	links    []identity.Link // that it proves to a user
	order    string          // key of the order that a person's event says is completed
	claim    profile.Claim

	// What the caller knows.
	Lacks       string // kind of a touchpoint that has not the properties that its kind needs, see package kind
	Quarantined bool
}

// CopyOf reads a record of the archive. orderKey is that of the order that it says is completed, "" for none.
func CopyOf(r event.Record, orderKey string) Copy {
	t := r.Touchpoint
	c := Copy{
		delivery: delivery{r.Request, r.Index}, id: t.ID, source: t.Source, original: t.Original, received: t.Received, untimed: t.Untimed,
		skewed: t.Skewed, future: t.Future, late: t.Received.Sub(t.Corrected) > LateAfter, bot: t.Bot,
		order: orderKey, grade: t.Grade, touches: r.Type.Touches(),
	}
	if len(r.Identifiers) > 0 {
		c.group.kept = r.Identifiers[0]
		t.Others = r.Others()
		if c.group.kept.Kind() == event.User {
			c.links = slices.DeleteFunc(identity.LinksOf(&t, c.group.kept), identity.Link.IsAlias)
		}
	}
	c.said = t.Said()
	if orderKey != "" {
		_, c.claim, _ = profile.ClaimOf(t, c.group.kept)
	}
	if !r.Type.Touches() {
		c.group.kind = r.Type
	}
	if r.Type == event.Track {
		c.name = t.Name
	}
	if r.Request == "" { // archived before deliveries were told apart: whatever is alike is one
		c.delivery.request = contentOf(r)
	}
	return c
}

func contentOf(r event.Record) string {
	text, err := json.Marshal(r)
	if err != nil {
		panic("quality: a record is made of strings and integers: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return "content:" + hex.EncodeToString(sum[:16])
}

// touchpoint is what tells copies of one event from copies of another, with the place among all copies in the order of their arrival. Of two copies
// received at one instant the fold takes one by all that is in them, and this the one of the lower place: they say the same, and count on the same
// day for the same source.
func (c Copy) touchpoint(place int) event.Touchpoint {
	return event.Touchpoint{
		ID: c.id, Source: c.source, Original: c.original, Received: c.received, Untimed: c.untimed, Grade: c.grade,
		Name: strconv.FormatUint(c.said, 16), Corrected: firstPlace + event.Millis(place),
	}
}

// firstPlace makes all places as long as each other, for they are compared as text.
const firstPlace = 1_000_000_000
