package analyse

import "waymark/shared/domain/analysis"

// Analyses lists what may be asked, in the order in which it is shown.
func Analyses() []analysis.Analysis {
	return []analysis.Analysis{}
}

// Kind is a kind of document that a workspace may settle.
type Kind struct {
	Name     string
	Sentence string // what it is for
	// Read checks a document and says of each entry, in a sentence, what it counts. Faults, all Invalid, name the entry and what to write instead.
	Read func(text []byte) (sentences []string, err error)
}

// Kinds lists them, in the order in which they are shown.
func Kinds() []Kind {
	return []Kind{}
}
