package event

import (
	"waymark/shared/domain/fault"
)

// identifiers collects every id that the event carries, highest rank first. Fillers such as "null" are passed over; if nothing is left the
// event is bad.
func (p parser) identifiers(e *Event) error {
	collected := identifierSet{}
	collected.add("userId", User, text(p.tree["userId"]))
	collected.add("anonymousId", Anonymous, text(p.tree["anonymousId"]))
	traits, _ := p.context["traits"].(map[string]any)
	for _, from := range []struct {
		field string
		tree  map[string]any
	}{{"traits", e.Traits}, {"context.traits", traits}} {
		if e.Type == Group && from.field == "traits" {
			continue // a group's traits are the company's, not the person's
		}
		collected.add(from.field+".email", Email, text(from.tree["email"]))
		collected.add(from.field+".phone", Phone, text(from.tree["phone"]))
		collected.add(from.field+".loyalty_id", Loyalty, text(from.tree["loyalty_id"]))
	}
	collected.add("properties.loyalty_id", Loyalty, text(e.Properties["loyalty_id"]))
	device, _ := p.context["device"].(map[string]any)
	collected.add("context.device.id", Device, text(device["id"]))
	p.external(&collected)
	if e.Type == Alias {
		p.previous(e, &collected)
	}
	if collected.err != nil {
		return collected.err
	}
	e.Identifiers = collected.ranked()
	if len(e.Identifiers) > 0 {
		return nil
	}
	if collected.blocked != nil {
		return collected.blocked
	}
	return fault.New(fault.Invalid, "no_identifier", "the event needs a userId or an anonymousId (or an e-mail, phone, loyalty or device id)")
}

// external reads context.externalIds, the Segment way to send other ids.
func (p parser) external(collected *identifierSet) {
	list, _ := p.context["externalIds"].([]any)
	for _, item := range list {
		entry, _ := item.(map[string]any)
		kind := Kind(text(entry["type"]))
		switch kind {
		case "anonymous", "anonymousId":
			kind = Anonymous
		case "loyalty_card", "loyalty_id":
			kind = Loyalty
		case "device_id":
			kind = Device
		}
		if kind.Rank() < len(Kinds) {
			collected.add("context.externalIds", kind, text(entry["id"]))
		}
	}
}

// previous reads the alias call's previousId, which may be an earlier user id or the anonymous id.
func (p parser) previous(e *Event, collected *identifierSet) {
	said := text(p.tree["previousId"])
	kinds := []Kind{User}
	if said == text(p.tree["anonymousId"]) {
		kinds = []Kind{Anonymous}
	}
	for _, kind := range kinds {
		id, err := NewIdentifier(kind, said)
		if err != nil {
			collected.fail(err, "previousId")
			continue
		}
		e.Previous = append(e.Previous, id)
	}
	if len(e.Previous) == 0 && collected.err == nil {
		collected.err = collected.blocked
	}
}

type identifierSet struct {
	byKind  map[Kind]Identifier
	blocked error
	err     error
}

// add keeps the first usable id of each kind. An empty value is no id.
func (s *identifierSet) add(field string, kind Kind, value string) {
	if value == "" {
		return
	}
	id, err := NewIdentifier(kind, value)
	if err != nil {
		s.fail(err, field)
		return
	}
	if s.byKind == nil {
		s.byKind = map[Kind]Identifier{}
	}
	if _, taken := s.byKind[kind]; !taken {
		s.byKind[kind] = id
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

func (s *identifierSet) ranked() []Identifier {
	var out []Identifier
	for _, kind := range Kinds {
		if id, found := s.byKind[kind]; found {
			out = append(out, id)
		}
	}
	return out
}
