package event

import (
	"fmt"
	"strings"
	"unicode"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// Parse reads one event strictly, in one pass. Keys are matched exactly, numbers keep their text, the batch context
// lies under the event's own. All errors are of kind fault.Invalid; their code is the class under which a failed
// event is kept: too_large, too_deep, bad_json, unknown_type, missing_name, name_too_long, no_identifier,
// blocked_identifier, bad_identifier, bad_encoding, key_too_long, bad_time, number_malformed, number_out_of_range,
// bad_currency, missing_amount. docs/failed.md explains them.
func Parse(raw []byte, s Stamp) (Event, error) { return NewReader(s).Parse(raw, s.Index) }

// Reader reads the events of one request. It reads the context that they share once.
type Reader struct {
	stamp  Stamp
	shared strictjson.Value // the context of the batch; missing where it cannot be read, and then it says nothing
	traits map[string]any   // of it
}

// NewReader reads events with a stamp, whose Index it passes over.
func NewReader(s Stamp) Reader {
	shared, err := strictjson.Parse(string(s.Context))
	if err != nil || shared.Depth() > MaxDepth {
		shared = strictjson.Value{}
	}
	return Reader{stamp: s, shared: shared, traits: shared.Get("traits").Map()}
}

// Parse is the function Parse for the event at an index of the request.
func (r Reader) Parse(raw []byte, index int) (Event, error) {
	if len(raw) > MaxEventBytes {
		return Event{}, tooLarge(len(raw))
	}
	v, err := strictjson.Parse(string(raw))
	if err != nil {
		if depth := Depth(raw); depth > MaxDepth {
			return Event{}, tooDeep(depth)
		}
		return Event{}, fault.Newf(fault.Invalid, "bad_json", "the event is not JSON: %v", err)
	}
	return r.Read(v, index)
}

// Read reads an event that is a value of a larger document. Errors are those of Parse.
func (r Reader) Read(v strictjson.Value, index int) (Event, error) {
	if n := len(v.Raw()); n > MaxEventBytes {
		return Event{}, tooLarge(n)
	}
	if depth := v.Depth(); depth > MaxDepth {
		return Event{}, tooDeep(depth)
	}
	if v.Kind() != strictjson.Object {
		return Event{}, fault.New(fault.Invalid, "bad_json", "an event must be a JSON object")
	}
	if key, found := v.Twice(); found {
		return Event{}, fault.New(fault.Invalid, "bad_json",
			"an object of the event has this key twice; send each key once").At(clip(key, maxFieldBytes))
	}
	r.stamp.Index = index
	p := parser{Reader: r, sent: v, context: v.Get("context"), properties: v.Get("properties")}
	return p.event()
}

// maxFieldBytes is how much of a key an error names.
const maxFieldBytes = 64

func tooLarge(bytes int) error {
	return fault.Newf(fault.Invalid, "too_large",
		"the event has %d bytes, the limit is %d; send less or split it", bytes, MaxEventBytes)
}

func tooDeep(levels int) error {
	return fault.Newf(fault.Invalid, "too_deep", "the event nests %d levels deep, the limit is %d", levels, MaxDepth)
}

// parser reads one event.
type parser struct {
	Reader
	sent, context, properties strictjson.Value
}

// around is a member of the event's context, which lies over the batch's one level deep, as the SDKs do it.
func (p *parser) around(name string) strictjson.Value {
	if v := p.context.Get(name); v.Kind() != strictjson.Missing {
		return v
	}
	return p.shared.Get(name)
}

func (p *parser) event() (Event, error) {
	e := Event{
		Workspace: p.stamp.Workspace, Source: p.stamp.Source, Received: p.stamp.Received, Request: p.stamp.Request, Index: p.stamp.Index,
		Properties: p.properties.Map(), Traits: p.traitsOf(), Proof: p.proof(), Network: p.stamp.Network,
	}
	for _, step := range [...]func(*parser, *Event) error{
		(*parser).typ, (*parser).name, (*parser).times, (*parser).identifiers, (*parser).commerce, (*parser).id,
	} {
		if err := step(p, &e); err != nil {
			return Event{}, err
		}
	}
	if e.Order != nil && e.Order.ID == "" {
		e.Order.ID = "event:" + string(e.ID)
	}
	p.surroundings(&e)
	return e, nil
}

// traitsOf are the event's own traits, else those of its context.
func (p *parser) traitsOf() map[string]any {
	if own := p.sent.Get("traits"); own.Kind() == strictjson.Object {
		return own.Map()
	}
	if inContext := p.context.Get("traits"); inContext.Kind() != strictjson.Missing {
		return inContext.Map()
	}
	return p.traits
}

func (p *parser) typ(e *Event) error {
	e.Type = p.stamp.Type
	if said := p.sent.Get("type"); e.Type == "" && said.Kind() == strictjson.Text {
		e.Type = Type(said.Scalar())
	}
	if !e.Type.Valid() {
		return fault.New(fault.Invalid, "unknown_type", "type must be one of track, identify, page, screen, group, alias").At("type")
	}
	return nil
}

func (p *parser) name(e *Event) error {
	field := "name"
	if e.Type == Track {
		field = "event"
	}
	e.Name = clean(p.sent.Get(field).Scalar())
	if e.Type == Page && e.Name == "" {
		e.Name = clean(p.properties.Get("name").Scalar())
	}
	if e.Type == Track {
		e.Name = StandardName(e.Name)
	}
	if e.Type == Track && e.Name == "" {
		return fault.New(fault.Invalid, "missing_name", "a track call needs the name of the event").At("event")
	}
	if len(e.Name) > MaxNameBytes {
		return fault.Newf(fault.Invalid, "name_too_long", "the name has %d bytes, the limit is %d", len(e.Name), MaxNameBytes).At(field)
	}
	if !e.Type.Touches() {
		e.Name = ""
	}
	return nil
}

// id takes the messageId, or makes one that a client's retry repeats. An event with neither messageId nor timestamp cannot be told from a
// second one: it gets the request's id and its place there.
func (p *parser) id(e *Event) error {
	e.ID = ID(p.sent.Get("messageId").Scalar())
	if len(e.ID) > MaxIDBytes {
		return fault.Newf(fault.Invalid, "key_too_long", "messageId has %d bytes, the limit is %d", len(e.ID), MaxIDBytes).At("messageId")
	}
	if strings.ContainsFunc(string(e.ID), unicode.IsControl) {
		return fault.New(fault.Invalid, "bad_identifier", "messageId holds a control character").At("messageId")
	}
	if lossy(string(e.ID)) {
		return fault.New(fault.Invalid, "bad_encoding", "messageId "+lostCharacter).At("messageId")
	}
	switch {
	case e.ID != "":
	case e.Untimed:
		e.ID = ID(fmt.Sprintf("wm-%s-%d", p.stamp.Request, p.stamp.Index))
	default:
		id, err := hashID(p.sent, p.stamp.Type)
		if err != nil {
			return err
		}
		e.ID = id
	}
	return nil
}

// VisitorCountry is the member of a context in which collect says from which country the visitor's browser sent the event. What the event says of a
// country comes before it.
const VisitorCountry = "visitorCountry"

// surroundings reads what says where the person was and how they came there. Nothing here can make an event bad.
func (p *parser) surroundings(e *Event) {
	page, campaign := p.around("page"), p.around("campaign")
	first := func(values ...strictjson.Value) string {
		for _, v := range values {
			if s := strings.TrimSpace(clean(v.Scalar())); s != "" {
				return s
			}
		}
		return ""
	}
	e.Marketing = Marketing{
		Explicit: first(p.properties.Get("channel"), p.around("channel")), // SDKs say web, mobile or server around it
		Source:   first(campaign.Get("source")), Medium: first(campaign.Get("medium")), Campaign: first(campaign.Get("name")),
		Term: first(campaign.Get("term")), Content: first(campaign.Get("content")),
		URL:      first(p.properties.Get("url"), page.Get("url")),
		Referrer: first(p.properties.Get("referrer"), page.Get("referrer"), p.around("referrer").Get("url")),
	}
	e.Country = clip(first(p.around("location").Get("country"), p.properties.Get("country"), p.around(VisitorCountry)), 64)
	e.Agent = clip(first(p.around("userAgent")), MaxNameBytes)
	e.Page = pageOf(e.Marketing.URL)
	e.Session = p.session()
	if e.Type == Group {
		e.Group = clip(first(p.sent.Get("groupId")), MaxIdentifierBytes)
	}
}

// session is the id that the client gives the visit, by the names that SDKs and exports have for it; "" for none.
func (p *parser) session() string {
	integrations := p.sent.Get("integrations")
	for _, id := range [...]string{
		firstText(p.context, "sessionId", "session_id", "ga_session_id"), firstText(p.context.Get("session"), "id"),
		firstText(p.properties, "session_id", "sessionId", "ga_session_id"),
		firstText(integrations.Get("Actions Amplitude"), "session_id"), firstText(integrations.Get("Amplitude"), "session_id"),
	} {
		if id = clean(id); id != "" && len(id) <= MaxIDBytes && !isFiller(id) {
			return id
		}
	}
	return ""
}

// pageOf is the address of a page without query and fragment.
func pageOf(url string) string {
	url, _, _ = strings.Cut(url, "?")
	url, _, _ = strings.Cut(url, "#")
	return clip(url, maxPropertyBytes)
}

// clean replaces control characters, which no name or address needs and some stores refuse, by spaces.
func clean(s string) string {
	if !strings.ContainsFunc(s, unicode.IsControl) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// Depth counts how deep objects and arrays nest in JSON text; 0 for a bare value. It reads no meaning and so needs no valid JSON.
func Depth(raw []byte) int {
	depth, deepest := 0, 0
	inText := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}
