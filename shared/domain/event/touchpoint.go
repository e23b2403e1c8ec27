package event

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"sort"
	"strings"
)

// Touchpoint is an accepted track, page or screen event in normal form, as pages and archive keep it. Its JSON is canonical: the same
// touchpoint always has the same bytes.
type Touchpoint struct {
	ID         ID                `json:"i"`
	Source     string            `json:"s"`
	Type       Type              `json:"t"`
	Name       string            `json:"n,omitempty"`
	Original   Millis            `json:"o"`
	Corrected  Millis            `json:"c"`
	Received   Millis            `json:"r"`
	Untimed    bool              `json:"u,omitempty"`
	Skewed     bool              `json:"k,omitempty"`
	Future     bool              `json:"f,omitempty"`
	Grade      Grade             `json:"h,omitempty"`
	Vouched    bool              `json:"v,omitempty"` // the e-mail address among Others is proven, as the event's own identifier is
	Network    string            `json:"w,omitempty"` // that it came from, cut to what many share
	Country    string            `json:"y,omitempty"` // as it was sent
	Session    string            `json:"e,omitempty"` // id of the session, as the client names it
	Page       string            `json:"g,omitempty"` // address of the page without query and fragment
	Marketing  Marketing         `json:"m,omitzero"`  // how the person came, as it was sent
	Agent      string            `json:"a,omitempty"` // user agent, as it was sent
	Order      *Order            `json:"d,omitempty"`
	Properties map[string]string `json:"p,omitempty"` // what is kept of the properties, as text; see Keep

	// Derived by today's rules whenever a life is folded, and never stored: a changed rule needs no new pages.
	CountryCode  string `json:"-"` // of Country, by ISO 3166-1; "" when it is none or unknown
	OwnChannel   string `json:"-"` // the channel that this touchpoint itself points to, "" when it has no sign of its own
	UsualChannel string `json:"-"` // where its kind happens when nothing else says so; "" when it may be anywhere
	Passive      bool   `json:"-"` // nobody did it, such as an e-mail that was delivered: it makes nobody active
	Bot          string `json:"-"` // why the visitor is a program, see package bot: kept, and counted nowhere
}

// Key tells repeats from second events: the same source, messageId and device time, within one identifier. An event that came without a
// timestamp has no device time, so its copies are found by Received (see Distinct).
type Key struct {
	Source   string
	ID       ID
	Original Millis // -1 when untimed: no device time is before 1970
}

// Key of the touchpoint within its identifier.
func (t Touchpoint) Key() Key {
	if t.Untimed {
		return Key{Source: t.Source, ID: t.ID, Original: -1}
	}
	return Key{Source: t.Source, ID: t.ID, Original: t.Original}
}

// IsBot says whether a program made the touchpoint. Of several copies of one event the one that counts decides, so bots are dropped only after
// repeats are.
func (t Touchpoint) IsBot() bool { return t.Bot != "" }

// Bytes is the canonical form of the touchpoint.
func (t Touchpoint) Bytes() []byte {
	b, err := json.Marshal(t)
	if err != nil {
		panic("event: a touchpoint is made of strings and integers: " + err.Error())
	}
	return b
}

// Hash is the first 8 bytes of the SHA-256 of the canonical form.
func (t Touchpoint) Hash() uint64 {
	sum := sha256.Sum256(t.Bytes())
	return binary.BigEndian.Uint64(sum[:8])
}

// before orders touchpoints by what all copies of an event share, then by which copy was received first.
func before(a, b Touchpoint) int {
	switch {
	case a.Original != b.Original:
		return compare(a.Original, b.Original)
	case a.ID != b.ID:
		return strings.Compare(string(a.ID), string(b.ID))
	case a.Source != b.Source:
		return strings.Compare(a.Source, b.Source)
	case a.Received != b.Received:
		return compare(a.Received, b.Received)
	}
	return strings.Compare(string(a.Bytes()), string(b.Bytes()))
}

func compare(a, b Millis) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// UntimedReach is how far apart two receipts of one event without a timestamp may lie and still be one event.
const UntimedReach = 48 * 60 * 60 * 1000 // milliseconds

// Distinct gives the touchpoints of one identifier with repeats dropped, ordered by device time, then id, then source. Of several copies of
// one event the one received first stays, ties by bytes. The result depends only on the set of copies, never on their order.
func Distinct(copies []Touchpoint) []Touchpoint {
	sorted := append([]Touchpoint(nil), copies...)
	sort.SliceStable(sorted, func(i, j int) bool { return before(sorted[i], sorted[j]) < 0 })
	kept := sorted[:0]
	anchors := map[Key]Millis{}
	for _, t := range sorted {
		key := t.Key()
		anchor, seen := anchors[key]
		if seen && (!t.Untimed || t.Received-anchor <= UntimedReach) {
			continue
		}
		anchors[key] = t.Received
		kept = append(kept, t)
	}
	return kept
}

// Touchpoint turns an event into what is kept of it: marketing without the page's address, which is kept without its query. keep says
// which properties are kept.
func (e Event) Touchpoint(keep Keep) Touchpoint {
	t := Touchpoint{
		ID: e.ID, Source: e.Source, Type: e.Type, Name: e.Name, Original: e.Original, Corrected: e.Corrected, Received: e.Received,
		Untimed: e.Untimed, Skewed: e.Skewed, Future: e.Future, Country: e.Country, Page: e.Page, Marketing: e.Marketing, Agent: e.Agent,
		Session: e.Session, Order: e.Order, Grade: e.Grade, Vouched: e.Vouched, Network: e.Network,
	}
	t.Marketing.URL, t.Properties = "", keep.of(e.Properties)
	return t
}

func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, v != ""
	case json.Number:
		return v.String(), true
	case bool:
		if v {
			return "true", true
		}
		return "false", true
	}
	return "", false
}

// clip shortens text to at most n bytes without cutting a character.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n]
}
