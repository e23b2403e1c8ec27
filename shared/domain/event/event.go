// Package event knows what a client may send and what becomes of it: an event is what was sent, a touchpoint is an accepted
// track, page or screen event in normal form. It reads one JSON object strictly, once, and says exactly what is wrong with a bad one.
//
// It does not know channels, persons or stages, and reads no clock: the time of receipt comes with the Stamp.
//
//	e, err := event.Parse(raw, event.Stamp{Workspace: "demo", Source: "web", Received: now, Request: id})
package event

import "time"

// Limits of one event and one request (design.md section 8; the SDKs' own cut-offs lie below them).
const (
	MaxEventBytes      = 32 << 10  // one event as sent
	MaxRequestBytes    = 512 << 10 // one request body
	MaxEvents          = 2500      // events of one request
	MaxDepth           = 32        // nested objects and arrays of one event, the event itself being the first
	MaxIdentifierBytes = 512
	MaxIDBytes         = 256
	MaxNameBytes       = 512
)

// Type is the kind of call that was made.
type Type string

// The call types of the Segment specification.
const (
	Track    Type = "track"
	Page     Type = "page"
	Screen   Type = "screen"
	Identify Type = "identify"
	Group    Type = "group"
	Alias    Type = "alias"
)

// Valid says whether the type is one of the six.
func (t Type) Valid() bool {
	switch t {
	case Track, Page, Screen, Identify, Group, Alias:
		return true
	}
	return false
}

// Touches says whether an event of this type is a touchpoint; the others carry facts about a person.
func (t Type) Touches() bool { return t == Track || t == Page || t == Screen }

// ID is a messageId: what a client gives an event so that a repeat can be told from a second one.
type ID string

// Millis is an instant: milliseconds since 1970-01-01T00:00:00Z.
type Millis int64

// At turns an instant into Millis.
func At(t time.Time) Millis { return Millis(t.UnixMilli()) }

// Time turns Millis into an instant in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// Add moves an instant.
func (m Millis) Add(d time.Duration) Millis { return m + Millis(d.Milliseconds()) }

// Sub is the time from n to m.
func (m Millis) Sub(n Millis) time.Duration { return time.Duration(m-n) * time.Millisecond }

// Day is the UTC calendar day, 2006-01-02.
func (m Millis) Day() string { return m.Time().Format(time.DateOnly) }

// Plausible says whether the instant lies in the years 1970 to 2099, as every time does that is taken from a client. Beyond them days have no
// names that sort.
func (m Millis) Plausible() bool { return !m.Time().Before(earliest) && m.Time().Before(latest) }

// Event is a well-formed event of any type.
type Event struct {
	Workspace   string
	Source      string
	Request     string // that it came with, and its place there: what tells one delivery by a client from another
	Index       int
	ID          ID
	Type        Type
	Name        string // track: the event's name; page and screen: the page's name, may be empty
	Untimed     bool   // the client gave no timestamp: Original is the time of receipt
	Original    Millis // the device's own timestamp
	Corrected   Millis // what people see; see Correct
	Received    Millis
	Grade       Grade        // how far it may be believed; Public until somebody has graded it
	Vouched     bool         // of a signed event: its e-mail address is proven too
	Unproven    bool         // it named somebody whom it does not prove, and is kept without them
	Proof       Proof        // as it was sent
	Network     string       // that it came from, cut to what many share, such as 203.0.113.0/24; "" where it is not kept
	Skewed      bool         // the device's clock was corrected
	Future      bool         // the corrected time lay too far in the future and was replaced by the time of receipt; see KeepOrder
	Identifiers []Identifier // all that may be used, highest rank first, no two of one kind but users of an alias
	Previous    []Identifier // alias only: what the person was called before
	Marketing   Marketing
	Country     string
	Session     string // id of the session, as the client names it
	Agent       string // user agent that the client says the visitor has
	Bot         string // why the visitor is a program, by the bot rules (package bot), which the caller asks; "" = a person as far as is known
	Page        string // address of the page without query and fragment
	Order       *Order
	Properties  map[string]any // as sent; numbers are json.Number
	Traits      map[string]any // identify and group
	Group       string         // group only
}

// IsBot says whether the visitor is a program. What a bot does is kept and counts nowhere: it links nobody, says nothing of anybody and claims no
// order.
func (e Event) IsBot() bool { return e.Bot != "" }

// PrimaryID is the identifier that the event is kept under: the one of the highest rank.
func (e Event) PrimaryID() Identifier { return e.Identifiers[0] }

// Marketing is what an event says of how the person came, read by package channel.
type Marketing struct {
	Explicit string `json:"explicit,omitempty"` // context.channel or properties.channel
	Source   string `json:"source,omitempty"`
	Medium   string `json:"medium,omitempty"`
	Campaign string `json:"campaign,omitempty"`
	Term     string `json:"term,omitempty"`
	Content  string `json:"content,omitempty"`
	Click    string `json:"click,omitempty"` // name of the click id parameter that the page's address has, never its value
	Referrer string `json:"referrer,omitempty"`
	URL      string `json:"url,omitempty"` // the page's address with its query: click ids and utm parameters are read from it, then it is dropped
}
