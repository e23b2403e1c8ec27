package importer

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Mapping says how the rows of a file become events. It is data, read from YAML; docs/import.md describes every key.
type Mapping struct {
	Name     string
	Version  string
	About    string   // what files it is for, in a line
	file     string   // shown in faults
	digest   [32]byte // of the text: an interrupted import goes on only with the very same mapping
	format   format
	where    condition
	events   []rule
	columns  []reference     // every column that is named anywhere, for the check against the file
	knownBy  []string        // columns that tell a file of this kind
	optional map[string]bool // columns that a file may lack
	settings settings
}

type format struct {
	kind       string // csv, ndjson, jsonapi, lines or w3c
	delimiter  rune
	encoding   string // utf-8, latin-1, windows-1252, utf-16, utf-16le, utf-16be
	comments   string // what lines begin with that are no rows
	list       string // the member of a JSON object that holds the rows
	lazyQuotes bool
	columns    []string // names of the columns of a CSV without a header line; of NDJSON the paths that exist
	pattern    *regexp.Regexp
}

// rule makes one kind of event out of rows.
type rule struct {
	name        string // for reports, and part of every messageId
	line        int    // of the mapping file
	kind        value  // the event's type: track, page …
	event       *value // the event's name
	where       condition
	time        *clock
	identifiers []field
	otherwise   []field // identifiers of rows that have none of those
	context     []field
	properties  []field
	spread      string // a column that holds an object whose members are properties
	traits      []field
	each        []string // lists inside a row, one step down each: every element makes an event
	groupBy     []string
	carry       []string  // columns that further lines of a group leave blank
	groupWhere  condition // of the first line of a group
	lineWhere   condition // of the lines that become the event
	dropEqual   bool      // of equal lines of a group only one counts
	products    *products
	messageID   []string
	distinct    bool // identical rows are events of their own
	texts       []named
}

// named is a column and the field that its text becomes.
type named struct{ field, column string }

// field is a named value. Path holds more than one name only in context, where location.country is nested.
type field struct {
	path  []string
	value value
}

type reference struct {
	column string
	line   int
}

// Pseudo columns that every file has.
const (
	columnRow = "_row" // number of the data row in its file, from 1
)

// ParseMapping reads and checks a mapping. All faults are reported at once, each with its line; file is the name shown in them.
func ParseMapping(file string, text []byte) (*Mapping, error) {
	return ParseMappingWith(file, text, nil)
}

// ParseMappingWith is ParseMapping with values for the settings that the mapping leaves open.
func ParseMappingWith(file string, text []byte, given map[string]string) (*Mapping, error) {
	return parseMapping(file, text, given, false)
}

// Peek is ParseMapping without values for settings that have no default. Such a mapping can say what it is for and whether it fits a file.
func Peek(file string, text []byte) (*Mapping, error) { return parseMapping(file, text, nil, true) }

func parseMapping(file string, text []byte, given map[string]string, open bool) (*Mapping, error) {
	var root yaml.Node
	documents := yaml.NewDecoder(bytes.NewReader(text))
	if err := documents.Decode(&root); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: the mapping is empty; docs/import.md shows how to write one", file)
		}
		return nil, fmt.Errorf("%s: read YAML: %w", file, err)
	}
	if err := documents.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: a mapping is one YAML document, and there is something behind the first", file)
	}
	if alias := findAlias(&root); alias != nil {
		return nil, fmt.Errorf("%s line %d: anchors and aliases are not read in a mapping; write the value out", file, alias.Line)
	}
	reader := &mappingReader{decoder: &decoder{file: file}}
	reader.mapping.settings = settings{}
	reader.settle(root.Content[0], given, open)
	m, err := reader.read(root.Content[0])
	if err != nil {
		return nil, err
	}
	digest := sha256.New()
	digest.Write(text)
	m.settings.write(digest)
	m.file, m.digest = file, [32]byte(digest.Sum(nil))
	return m, nil
}

func findAlias(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n
	}
	for _, child := range n.Content {
		if found := findAlias(child); found != nil {
			return found
		}
	}
	return nil
}

// checkColumns compares what the mapping names with what the file has.
func (m *Mapping) checkColumns(file string, have []string) error {
	known := map[string]bool{columnRow: true}
	for _, column := range have {
		known[column] = true
	}
	var faults []error
	for _, ref := range m.columns {
		if known[ref.column] || m.optional[ref.column] {
			continue
		}
		faults = append(faults, fmt.Errorf("%s line %d: the file %s has no column %q%s; it has %s%s",
			m.file, ref.line, file, ref.column, suggestion(ref.column, have), strings.Join(have, ", "), m.otherDelimiter(have)))
	}
	if len(faults) == 0 {
		return nil
	}
	return &MappingError{errors.Join(faults...)}
}

// otherDelimiter is what to add to the mapping when a header is one cell that another delimiter would part.
func (m *Mapping) otherDelimiter(have []string) string {
	if m.format.kind != "csv" || len(have) != 1 {
		return ""
	}
	for _, delimiter := range []string{";", `\t`, "|", ","} {
		if strings.Contains(have[0], strings.ReplaceAll(delimiter, `\t`, "\t")) {
			return fmt.Sprintf("; add 'delimiter: %s' to format", quoted(delimiter))
		}
	}
	return ""
}

// MappingError is a mapping that does not fit the file: nothing was sent, and nothing will be until one of them changes.
type MappingError struct{ Err error }

// Error names the lines of the mapping.
func (e *MappingError) Error() string { return e.Err.Error() }

// Unwrap gives the faults.
func (e *MappingError) Unwrap() error { return e.Err }
