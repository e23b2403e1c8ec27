package redact

import (
	"fmt"

	"waymark/shared/domain/strictjson"
)

// place is where in an event a value stands, as far as that decides what is kept there.
type place uint8

const (
	free place = iota
	inEvent
	inContext
	inTraits
	inProperties
	inDevice
	inExternalID
	inProof
)

// Event redacts an event as a client sends it: every text and every key, at any depth, but what says who it is about or
// what it is: userId, anonymousId, previousId, groupId, messageId, e-mail, phone and loyalty_id of traits, the ids of
// context.device and context.externalIds, context.proof, the ids of orders, and e-mail addresses in user agents. Addresses of computers are truncated. A value in which
// nothing is found is returned as it is. It may be no object.
func Event(sent strictjson.Value) strictjson.Value { return document(sent, inEvent) }

// Context does the same with a context that the events of a batch share.
func Context(sent strictjson.Value) strictjson.Value { return document(sent, inContext) }

func document(sent strictjson.Value, at place) strictjson.Value {
	if !changes(sent, at, anything) {
		return sent
	}
	again, err := strictjson.Parse(string(appended(nil, sent, at, anything)))
	if err != nil {
		panic("redact: what is written as JSON is JSON: " + err.Error())
	}
	return again
}

// below is where a member stands, and whether it is kept whatever it holds.
func (p place) below(key string) (at place, isKept bool) {
	switch p {
	case inEvent:
		switch key {
		case "userId", "anonymousId", "previousId", "groupId", "messageId":
			return free, true
		case "context":
			return inContext, false
		case "traits":
			return inTraits, false
		case "properties":
			return inProperties, false
		}
	case inContext:
		switch key {
		case "traits":
			return inTraits, false
		case "device":
			return inDevice, false
		case "externalIds":
			return inExternalID, false
		case "proof": // of who somebody is; collect reads it and keeps it nowhere
			return inProof, true
		}
	case inTraits:
		return free, key == "email" || key == "phone" || key == "loyalty_id"
	case inProperties:
		return free, key == "loyalty_id" || key == "order_id" || key == "orderId" || key == "refund_id" || key == "refundId"
	case inProof:
		return free, key == "user" || key == "email"
	case inDevice, inExternalID:
		return free, key == "id"
	}
	return free, false
}

// changes says whether anything in a value is to be replaced.
func changes(v strictjson.Value, at place, k kind) bool {
	switch v.Kind() {
	case strictjson.Text:
		said := v.Scalar()
		return k.text(said) != said
	case strictjson.Number:
		return k.number(v.Raw()) != ""
	case strictjson.List:
		for item := range v.Items() {
			if changes(item, at.ofItem(), k) {
				return true
			}
		}
	case strictjson.Object:
		for key, member := range v.Members() {
			inside, isKept := at.below(key)
			if isKept && isScalar(member) {
				continue
			}
			if changes(member, inside, kindFor(key, member)) || Text(key) != key {
				return true
			}
		}
	}
	return false
}

// ofItem is where an item of a list stands: beside its list only among external ids.
func (p place) ofItem() place {
	if p == inExternalID {
		return p
	}
	return free
}

// kindFor is what a key says of the value under it, where that matters.
func kindFor(key string, v strictjson.Value) kind {
	switch v.Kind() {
	case strictjson.Text, strictjson.Number, strictjson.List:
		return kindOfMember(key)
	}
	return anything
}

func isScalar(v strictjson.Value) bool {
	return v.Kind() != strictjson.Object && v.Kind() != strictjson.List
}

// appended writes a value with what is to be replaced replaced.
func appended(out []byte, v strictjson.Value, at place, k kind) []byte {
	switch v.Kind() {
	case strictjson.Text:
		if said := v.Scalar(); k.text(said) != said {
			return strictjson.AppendText(out, k.text(said))
		}
	case strictjson.Number:
		if word := k.number(v.Raw()); word != "" {
			return strictjson.AppendText(out, word)
		}
	case strictjson.List:
		out = append(out, '[')
		isFirst := true
		for item := range v.Items() {
			if !isFirst {
				out = append(out, ',')
			}
			isFirst = false
			out = appended(out, item, at.ofItem(), k)
		}
		return append(out, ']')
	case strictjson.Object:
		return appendedObject(out, v, at)
	}
	return append(out, v.Raw()...)
}

// appendedObject writes an object. Keys that are redacted stay apart, and one that comes twice comes twice again.
func appendedObject(out []byte, v strictjson.Value, at place) []byte {
	taken, renamed, numbers := map[string]bool{}, map[string]string{}, map[string]int{}
	for key := range v.Members() {
		taken[key] = true
	}
	out = append(out, '{')
	isFirst := true
	for key, member := range v.Members() {
		if !isFirst {
			out = append(out, ',')
		}
		isFirst = false
		name, found := renamed[key]
		if !found {
			word := Text(key)
			for name = word; name != key && taken[name]; {
				numbers[word]++
				name = fmt.Sprintf("%s %d", word, numbers[word]+1)
			}
			taken[name], renamed[key] = true, name
		}
		out = append(strictjson.AppendText(out, name), ':')
		inside, isKept := at.below(key)
		if isKept && isScalar(member) {
			out = append(out, member.Raw()...)
			continue
		}
		out = appended(out, member, inside, kindFor(key, member))
	}
	return append(out, '}')
}

// text redacts a text under a name of a kind. An address of a mailbox is found by its form, whatever the name.
func (k kind) text(said string) string {
	if said == "" {
		return said
	}
	switch k {
	case number:
		return Label(said)
	case agent:
		return Agent(said)
	case address:
		return Text(IP(said))
	case phone, card, iban, token, secret:
		if word := k.word(said); word != "" {
			return word
		}
	}
	return Text(said)
}

// number is the word that replaces a number under a name of a kind; "" keeps it.
func (k kind) number(said string) string {
	switch k {
	case phone, card, token, secret:
		return k.word(said)
	case number:
		return ""
	}
	if len(said) >= 15 && digitsIn(said) == len(said) && isCard(said) {
		return Card
	}
	return ""
}
