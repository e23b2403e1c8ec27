package event

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"
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

	// What pages hold and the archive has elsewhere or not at all.
	Others []Identifier               `json:"x,omitempty"` // that the event proves to belong to the one it is kept under
	Traits map[string]json.RawMessage `json:"q,omitempty"` // of an identify or group event

	// Derived by today's rules whenever a life is folded, and never stored: a changed rule needs no new pages.
	CountryCode  string `json:"-"` // of Country, by ISO 3166-1; "" when it is none or unknown
	OwnChannel   string `json:"-"` // the channel that this touchpoint itself points to, "" when it has no sign of its own
	UsualChannel string `json:"-"` // where its kind happens when nothing else says so; "" when it may be anywhere
	Passive      bool   `json:"-"` // nobody did it, such as an e-mail that was delivered: it makes nobody active
	Bot          string `json:"-"` // why the visitor is a program, see package bot: kept, and counted nowhere
}

// Key tells repeats from second events, as far as they say the same: the same source, messageId and device time, within one identifier. An event that came without a
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

// before orders touchpoints by what tells events apart, then by which copy of one event counts: the one of the best grade, and of these the one
// that was received first.
func before(a, b Touchpoint) int {
	order := cmp.Or(
		cmp.Compare(a.Original, b.Original), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Source, b.Source),
		cmp.Compare(b.Grade, a.Grade), cmp.Compare(a.Received, b.Received),
	)
	if order != 0 {
		return order
	}
	return bytes.Compare(a.Bytes(), b.Bytes())
}

// SaysAsMuch says whether two touchpoints of one messageId tell the same event: the same name, ids, order and amount. Of two that do not, neither is
// a copy of the other, for whoever knows a messageId can send it again with anything in it.
func (t *Touchpoint) SaysAsMuch(other *Touchpoint) bool {
	return t.Type == other.Type && t.Name == other.Name && slices.Equal(t.Others, other.Others) && t.Order.saysAsMuch(other.Order)
}

// Said is a digest of what SaysAsMuch compares.
func (t *Touchpoint) Said() uint64 {
	said := Touchpoint{Type: t.Type, Name: t.Name, Others: t.Others}
	if t.Order != nil {
		order := *t.Order
		order.Scope = ""
		said.Order = &order
	}
	return said.Hash()
}

// UntimedReach is how far apart two receipts of one event without a timestamp may lie and still be one event.
const UntimedReach = 48 * 60 * 60 * 1000 // milliseconds

// Distinct gives the touchpoints of one identifier with repeats dropped, ordered by device time, then id, then source. Of several copies of
// one event the one of the best grade stays, then the one received first, ties by bytes. The result depends only on the set of copies, never on
// their order.
func Distinct(copies []Touchpoint) []Touchpoint {
	sorted := slices.SortedStableFunc(slices.Values(copies), before)
	kept := sorted[:0]
	var untimed map[Key][]anchor
	isMoved := false
	for _, t := range sorted {
		if !t.Untimed {
			if !isCopy(kept, &t) {
				kept = append(kept, t)
			}
			continue
		}
		if untimed == nil {
			untimed = map[Key][]anchor{}
		}
		key := t.Key()
		at := slices.IndexFunc(untimed[key], func(a anchor) bool {
			return t.Received-a.received <= UntimedReach && kept[a.place].SaysAsMuch(&t)
		})
		if at < 0 {
			untimed[key] = append(untimed[key], anchor{len(kept), t.Received})
			kept = append(kept, t)
		} else if of := &kept[untimed[key][at].place]; t.Grade > of.Grade {
			*of, isMoved = t, true
		}
	}
	if isMoved {
		slices.SortStableFunc(kept, before)
	}
	return kept
}

// anchor is the first copy of an event without a timestamp.
type anchor struct {
	place    int
	received Millis
}

// isCopy looks for a touchpoint among those before it, which are sorted.
func isCopy(kept []Touchpoint, t *Touchpoint) bool {
	for i := len(kept) - 1; i >= 0; i-- {
		other := &kept[i]
		if other.Original != t.Original || other.ID != t.ID || other.Source != t.Source {
			return false
		}
		if !other.Untimed && other.SaysAsMuch(t) {
			return true
		}
	}
	return false
}

// Touchpoint turns an event into what is kept of it: marketing without the page's address, which is kept without its query. keep says
// which properties are kept.
func (e Event) Touchpoint(keep Keep) Touchpoint {
	t := Touchpoint{
		ID: e.ID, Source: e.Source, Type: e.Type, Name: e.Name, Original: e.Original, Corrected: e.Corrected, Received: e.Received,
		Untimed: e.Untimed, Skewed: e.Skewed, Future: e.Future, Country: e.Country, Page: e.Page, Marketing: e.Marketing, Agent: e.Agent,
		Session: e.Session, Order: e.Order, Grade: e.Grade, Vouched: e.Vouched, Network: e.Network,
	}
	t.Marketing.URL, t.Properties = "", keep.of(&e)
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
