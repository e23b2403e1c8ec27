package event

import (
	"strings"
	"unicode"

	"waymark/shared/domain/fault"
)

// Identifier is one id of one kind, written kind:value, for example user:42 or email:a@b.c.
type Identifier string

// Kind is the kind of an identifier.
type Kind string

// The kinds, from the highest rank to the lowest. A link goes from a lower rank to a higher one.
const (
	User      Kind = "user"
	Email     Kind = "email"
	Phone     Kind = "phone"
	Loyalty   Kind = "loyalty"
	Device    Kind = "device"
	Anonymous Kind = "anon"
)

// Kinds lists the kinds from the highest rank to the lowest.
var Kinds = [...]Kind{User, Email, Phone, Loyalty, Device, Anonymous}

// Rank is 0 for the highest kind; unknown kinds rank below all.
func (k Kind) Rank() int {
	for i, known := range Kinds {
		if k == known {
			return i
		}
	}
	return len(Kinds)
}

// Kind is what stands before the first colon.
func (i Identifier) Kind() Kind {
	kind, _, _ := strings.Cut(string(i), ":")
	return Kind(kind)
}

// Value is what stands after the first colon.
func (i Identifier) Value() string {
	_, value, _ := strings.Cut(string(i), ":")
	return value
}

// Above says whether i has a higher rank than other.
func (i Identifier) Above(other Identifier) bool { return i.Kind().Rank() < other.Kind().Rank() }

// ParseIdentifier reads kind:value as people write it. Errors: fault.Invalid with code bad_identifier, bad_encoding, key_too_long or
// blocked_identifier.
func ParseIdentifier(text string) (Identifier, error) {
	kind, value, found := strings.Cut(text, ":")
	if !found || Kind(kind).Rank() == len(Kinds) {
		return "", fault.Newf(fault.Invalid, "bad_identifier",
			"an identifier is written kind:value with a kind of user, email, phone, loyalty, device or anon")
	}
	return NewIdentifier(Kind(kind), value)
}

// NewIdentifier checks and normalises one id. E-mail addresses are trimmed and lower-cased, phone numbers lose their punctuation; every other
// value is kept byte for byte, because silent normalisation merges people. Errors are those of ParseIdentifier.
func NewIdentifier(kind Kind, value string) (Identifier, error) {
	switch kind {
	case Email:
		value = strings.ToLower(strings.TrimSpace(value))
	case Phone:
		value = strings.Map(phoneRune, value)
	}
	if len(value) > MaxIdentifierBytes {
		return "", fault.Newf(fault.Invalid, "key_too_long", "the %s identifier has %d bytes, the limit is %d", kind, len(value), MaxIdentifierBytes)
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return "", fault.Newf(fault.Invalid, "bad_identifier", "the %s identifier holds a control character", kind)
	}
	if lossy(value) {
		return "", fault.Newf(fault.Invalid, "bad_encoding", "the %s identifier %s", kind, lostCharacter)
	}
	if blocked[strings.ToLower(strings.TrimSpace(value))] {
		return "", fault.Newf(fault.Invalid, "blocked_identifier", "the %s identifier is a filler value that many people share, such as null or 0", kind)
	}
	return Identifier(string(kind) + ":" + value), nil
}

const lostCharacter = "holds a character that was lost on the way (U+FFFD); send it as UTF-8"

// lossy says whether an id holds U+FFFD, which is what all bytes that are no UTF-8 and all halves of surrogate pairs are read as. Two ids that
// differ in such bytes alone would be one, and so would two people, two events or two orders.
func lossy(id string) bool { return strings.ContainsRune(id, unicode.ReplacementChar) }

func phoneRune(r rune) rune {
	if unicode.IsSpace(r) || strings.ContainsRune("-()./", r) {
		return -1
	}
	return r
}

// blocked holds fillers that clients send in place of an id. Joining people over one of them would make a runaway merge.
var blocked = func() map[string]bool {
	fillers := []string{
		"", "null", "undefined", "none", "nil", "nan", "n/a", "na", "0", "-1", "true", "false", "anonymous", "anon", "guest", "unknown",
		"user", "userid", "user_id", "id", "test", "test@test.com", "test@example.com", "example@example.com", "noreply@example.com",
		"[object object]", "{}", "[]", "00000000-0000-0000-0000-000000000000", "00000000-00000000-00000000-00000000",
	}
	set := make(map[string]bool, len(fillers))
	for _, filler := range fillers {
		set[filler] = true
	}
	return set
}()
