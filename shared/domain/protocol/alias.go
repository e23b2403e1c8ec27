package protocol

import (
	"slices"
	"strings"
	"unicode"

	"waymark/shared/domain/fault"
)

// maxAliasBytes is how long a key may be that is looked up.
const maxAliasBytes = 200

// CheckAlias checks an alias as people write it: a protocol, a colon, and the id of the site or project as its client sends it. Fault: Invalid
// bad_alias.
func CheckAlias(text string) error {
	name, id, _ := strings.Cut(text, ":")
	isWrong := func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsPrint(c) }
	if !slices.Contains(Names[:], name) || id == "" || len(text) > maxAliasBytes || strings.ContainsFunc(text, isWrong) {
		return fault.Newf(fault.Invalid, "bad_alias", "an alias is what another system's client calls its site, such as plausible:shop.example: "+
			"one of %s, a colon, and the id, in at most %d bytes without spaces", strings.Join(Names[:], ", "), maxAliasBytes)
	}
	return nil
}
