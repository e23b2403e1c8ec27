package importer

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decoder walks a YAML tree by hand, because the faults of a mapping must name the line and the nearest known key, and all of them at
// once: a mapping is written by trial, and one fault per trial is slow.
type decoder struct {
	file   string
	faults []error
}

func (d *decoder) fail(n *yaml.Node, format string, args ...any) {
	d.faults = append(d.faults, fmt.Errorf("%s line %d: %s", d.file, n.Line, fmt.Sprintf(format, args...)))
}

func (d *decoder) err() error { return errors.Join(d.faults...) }

// fields calls the reader of each key of a mapping node. Unknown and repeated keys are faults.
func (d *decoder) fields(n *yaml.Node, what string, readers map[string]func(*yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, "%s must be a table of keys (%s)", what, strings.Join(names(readers), ", "))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		read, known := readers[key.Value]
		switch {
		case !known:
			d.fail(key, "%s knows no key %q%s", what, key.Value, suggestion(key.Value, names(readers)))
		case seen[key.Value]:
			d.fail(key, "%s has the key %q twice", what, key.Value)
		default:
			seen[key.Value] = true
			read(value)
		}
	}
}

// each calls read for every key of a table whose keys are free, such as property names, in the order of the file.
func (d *decoder) each(n *yaml.Node, what string, read func(key string, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, "%s must be a table of names and values", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if seen[key.Value] {
			d.fail(key, "%s has the name %q twice", what, key.Value)
			continue
		}
		seen[key.Value] = true
		read(key.Value, n.Content[i+1])
	}
}

func (d *decoder) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		d.fail(n, "%s must be a text", what)
		return ""
	}
	return n.Value
}

func (d *decoder) flag(n *yaml.Node, what string) bool {
	var value bool
	if n.Kind != yaml.ScalarNode || n.Decode(&value) != nil {
		d.fail(n, "%s must be true or false", what)
	}
	return value
}

func (d *decoder) oneOf(n *yaml.Node, what string, allowed ...string) string {
	text := d.text(n, what)
	for _, a := range allowed {
		if text == a {
			return text
		}
	}
	if text != "" {
		d.fail(n, "%s cannot be %q%s; it is one of %s", what, text, suggestion(text, allowed), strings.Join(allowed, ", "))
	}
	return allowed[0]
}

// texts reads a list of texts; a single text counts as a list of one.
func (d *decoder) texts(n *yaml.Node, what string) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{d.text(n, what)}
	}
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		d.fail(n, "%s must be a list of texts that is not empty", what)
		return nil
	}
	list := make([]string, 0, len(n.Content))
	for _, item := range n.Content {
		list = append(list, d.text(item, what))
	}
	return list
}

func names[V any](m map[string]V) []string {
	list := make([]string, 0, len(m))
	for name := range m {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}

// suggestion is `, did you mean "x"?` for the known name nearest to a wrong one, or "" when none is near enough to be a slip.
func suggestion(wrong string, known []string) string {
	best, distance := "", len(wrong)/2+1
	for _, name := range known {
		if n := edits(strings.ToLower(wrong), strings.ToLower(name)); n <= distance && (best == "" || n < distance) {
			best, distance = name, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", best)
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	previous := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range len(a) {
		current := make([]int, len(b)+1)
		current[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			current[j+1] = min(previous[j+1]+1, current[j]+1, previous[j]+cost)
		}
		previous = current
	}
	return previous[len(b)]
}
