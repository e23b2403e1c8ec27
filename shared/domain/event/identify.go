package event

import (
	"math/big"
	"strconv"
	"strings"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// identifiers collects every id that the event carries, highest rank first. Fillers such as "null" are passed over; if nothing is left the
// event is bad.
func (p *parser) identifiers(e *Event) error {
	collected := identifierSet{}
	collected.add("userId", User, p.sent.Get("userId"))
	collected.add("anonymousId", Anonymous, p.sent.Get("anonymousId"))
	inContext := p.around("traits")
	if own := p.sent.Get("traits"); e.Type != Group { // a group's traits are the company's, not the person's
		if own.Kind() != strictjson.Object {
			own = inContext
		}
		collected.addTraits("traits", own)
	}
	collected.addTraits("context.traits", inContext)
	collected.add("properties.loyalty_id", Loyalty, p.properties.Get("loyalty_id"))
	collected.add("context.device.id", Device, p.around("device").Get("id"))
	p.external(&collected)
	collected.addMailbox(p.sent.Get("userId"))
	if e.Type == Alias {
		p.previous(e, &collected)
	}
	if collected.err != nil {
		return collected.err
	}
	e.Identifiers = collected.all()
	if e.Proof.Email != "" {
		e.Proof.Address = collected.address
	}
	if len(e.Identifiers) > 0 {
		return nil
	}
	if collected.blocked != nil {
		return collected.blocked
	}
	return fault.New(fault.Invalid, "no_identifier", "the event needs a userId or an anonymousId (or an e-mail, phone, loyalty or device id)")
}

// proof reads context.proof: an object, or a text, which is of the user id.
func (p *parser) proof() Proof {
	said := p.around("proof")
	if said.Kind() == strictjson.Object {
		return Proof{User: said.Get("user").Scalar(), Email: said.Get("email").Scalar()}
	}
	return Proof{User: said.Scalar()}
}

// external reads context.externalIds, the Segment way to send other ids.
func (p *parser) external(collected *identifierSet) {
	for entry := range p.around("externalIds").Items() {
		kind := Kind(entry.Get("type").Scalar())
		switch kind {
		case "anonymous", "anonymousId":
			kind = Anonymous
		case "loyalty_card", "loyalty_id":
			kind = Loyalty
		case "device_id":
			kind = Device
		}
		if kind.Rank() < len(Kinds) {
			collected.add("context.externalIds", kind, entry.Get("id"))
		}
	}
}

// previous reads the alias call's previousId, which may be an earlier user id or an anonymous id. Unless the event says that it is its anonymous one,
// both give it up: which of them was ever used, nobody knows who reads one event.
func (p *parser) previous(e *Event, collected *identifierSet) {
	said := idText(p.sent.Get("previousId"))
	kinds := []Kind{User, Anonymous}
	switch said {
	case idText(p.sent.Get("anonymousId")):
		kinds = kinds[1:]
	case idText(p.sent.Get("userId")):
		kinds = kinds[:1] // it gives up what it takes
	}
	for _, kind := range kinds {
		id, err := NewIdentifier(kind, said)
		if err != nil {
			collected.fail(err, "previousId")
			if collected.err == nil {
				collected.err = collected.blocked
			}
			return
		}
		e.Previous = append(e.Previous, id)
	}
}

// idText is an id as text. Numbers that are equal are one id: 42, 42.0 and 4.2e1.
func idText(sent strictjson.Value) string {
	text := sent.Scalar()
	const enough = 40 // an id that is longer is no number that anybody counted up to
	if sent.Kind() != strictjson.Number || len(text) > enough || !strings.ContainsAny(text, ".eE") {
		return text
	}
	mantissa, exponent, isScaled := strings.Cut(strings.ToLower(text), "e")
	if !isScaled {
		whole, fraction, _ := strings.Cut(text, ".")
		if strings.Trim(fraction, "0") == "" {
			return whole
		}
		return text
	}
	if n, err := strconv.Atoi(exponent); err != nil || n > enough || n < -enough {
		return text
	}
	if whole, ok := new(big.Rat).SetString(mantissa + "e" + exponent); ok && whole.IsInt() {
		return whole.Num().String()
	}
	return text
}

type identifierSet struct {
	ranked  [len(Kinds)]Identifier // "" for a kind of which there is none
	address string                 // the e-mail address as it was sent
	blocked error
	err     error
}

// addTraits looks for the ids that traits may hold.
func (s *identifierSet) addTraits(field string, traits strictjson.Value) {
	for _, of := range [...]struct {
		name string
		kind Kind
	}{{"email", Email}, {"phone", Phone}, {"loyalty_id", Loyalty}} {
		if sent := traits.Get(of.name); sent.Kind() != strictjson.Missing {
			s.add(field+"."+of.name, of.kind, sent)
		}
	}
}

// add keeps the first usable id of each kind. An empty value is no id.
func (s *identifierSet) add(field string, kind Kind, sent strictjson.Value) {
	value := idText(sent)
	if value == "" {
		return
	}
	id, err := NewIdentifier(kind, value)
	if err != nil {
		s.fail(err, field)
		return
	}
	if rank := kind.Rank(); s.ranked[rank] == "" {
		s.ranked[rank] = id
		if kind == Email {
			s.address = value
		}
	}
}

// addMailbox adds the address that a user id is, unless the event says another.
func (s *identifierSet) addMailbox(userID strictjson.Value) {
	if s.ranked[Email.Rank()] != "" {
		return
	}
	if id, err := NewIdentifier(Email, userID.Scalar()); err == nil {
		s.ranked[Email.Rank()], s.address = id, userID.Scalar()
	}
}

func (s *identifierSet) fail(err error, field string) {
	f := err.(*fault.Error).At(field)
	if f.Code == "blocked_identifier" {
		s.blocked = f
		return
	}
	if s.err == nil {
		s.err = f
	}
}

func (s *identifierSet) all() []Identifier {
	out := make([]Identifier, 0, 2)
	for _, id := range s.ranked {
		if id != "" {
			out = append(out, id)
		}
	}
	return out
}
