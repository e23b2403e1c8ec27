package importer

import (
	"fmt"
	"io"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// settings are what a mapping leaves open, such as the zone of the account that a file was exported from: `settings: {zone: UTC, site: }`.
// $(zone) stands for the value, anywhere in the mapping. One without a default must be given.
type settings map[string]string

// settle puts the given values, or the defaults, in place of $(name) in the whole tree.
//
// With open true a missing value is no fault.
func (r *mappingReader) settle(root *yaml.Node, given map[string]string, open bool) {
	if root.Kind != yaml.MappingNode {
		return
	}
	known := map[string]bool{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value != "settings" {
			continue
		}
		r.each(root.Content[i+1], "settings", func(name string, n *yaml.Node) {
			known[name] = true
			value, isGiven := given[name]
			switch {
			case isGiven:
			case n.Tag == "!!null" && !open:
				r.fail(n, "the mapping needs a value for %s: give --set %s=…", name, name)
				return
			case n.Tag != "!!null":
				value = r.text(n, "settings."+name)
			}
			r.mapping.settings[name] = value
		})
	}
	for name := range given {
		if !known[name] {
			r.fail(root, "the mapping has no setting %q%s; it has %s", name, suggestion(name, names(known)), listed(names(known)))
		}
	}
	if len(known) > 0 {
		r.mapping.settings.replace(root)
	}
}

func listed(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// replace works in one pass: a value that looks like a setting is a value.
func (s settings) replace(root *yaml.Node) {
	var pairs []string
	for name, value := range s {
		pairs = append(pairs, "$("+name+")", value)
	}
	replaceAll(root, strings.NewReplacer(pairs...))
}

func replaceAll(n *yaml.Node, replacer *strings.Replacer) {
	if n.Kind == yaml.ScalarNode {
		n.Value = replacer.Replace(n.Value)
	}
	for _, child := range n.Content {
		replaceAll(child, replacer)
	}
}

// write adds the settings to a digest of the mapping.
func (s settings) write(w io.Writer) {
	list := names(s)
	sort.Strings(list)
	for _, name := range list {
		fmt.Fprintf(w, "%d:%s=%d:%s", len(name), name, len(s[name]), s[name])
	}
}
