// Package ready holds mappings for files as other systems export them, one folder each with the mapping, a sample in the vendor's own form and
// the events that become of it. Names and ids in the samples are invented.
//
//	mapping, err := ready.Find("shopify-orders", nil)
//	mapping, why, err := ready.Recognise(head, nil)
package ready

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"

	"waymark/infra/importer"
)

//go:embed */mapping.yaml
var files embed.FS

// HeadBytes is how much of a file Recognise wants to see.
const HeadBytes = 1 << 20

// Ready is a mapping that comes with the program.
type Ready struct {
	Name  string // of --as
	About string // which files it is for
	text  []byte

	mapping *importer.Mapping // to look at only: its settings are open
}

// List gives all of them, by name.
func List() ([]Ready, error) {
	folders, err := files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("read ready mappings: %w", err)
	}
	var list []Ready
	for _, folder := range folders {
		text, err := files.ReadFile(path.Join(folder.Name(), "mapping.yaml"))
		if err != nil {
			return nil, fmt.Errorf("read ready mapping: %w", err)
		}
		mapping, err := importer.Peek(folder.Name(), text)
		if err != nil {
			return nil, err
		}
		list = append(list, Ready{Name: folder.Name(), About: mapping.About, text: text, mapping: mapping})
	}
	return list, nil
}

// Text is the mapping as it is written, to copy and change.
func (r Ready) Text() string { return string(r.text) }

// Mapping is the mapping with values for the settings that it leaves open.
func (r Ready) Mapping(settings map[string]string) (*importer.Mapping, error) {
	return importer.ParseMappingWith(r.Name, r.text, settings)
}

// Find gives the mapping of a name. Words are enough if only one name or description has them all: nginx is access-log.
func Find(name string) (Ready, error) {
	list, err := List()
	if err != nil {
		return Ready{}, err
	}
	var fitting []Ready
	for _, r := range list {
		if r.Name == name {
			return r, nil
		}
		if r.has(strings.FieldsFunc(strings.ToLower(name), func(c rune) bool { return strings.ContainsRune("-_ ", c) })) {
			fitting = append(fitting, r)
		}
	}
	switch len(fitting) {
	case 1:
		return fitting[0], nil
	case 0:
		return Ready{}, fmt.Errorf("there is no ready mapping %q; there are\n%s", name, Table(list))
	}
	return Ready{}, fmt.Errorf("%q may be one of these; name one\n%s", name, Table(fitting))
}

func (r Ready) has(words []string) bool {
	text := strings.ToLower(r.Name + " " + r.About)
	return len(words) > 0 && !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
}

// Recognise gives the one mapping that fits the beginning of a file, and why. When none or several fit it refuses and lists them.
func Recognise(head []byte) (r Ready, why string, err error) {
	list, err := List()
	if err != nil {
		return Ready{}, "", err
	}
	var fitting []Ready
	for _, one := range list {
		if reason, fits := one.mapping.Fits(head); fits {
			fitting, r, why = append(fitting, one), one, reason
		}
	}
	switch len(fitting) {
	case 1:
		return r, why, nil
	case 0:
		return Ready{}, "", fmt.Errorf("no ready mapping fits the file; write one (docs/import.md), or name it with --as if it is one of these\n%s", Table(list))
	}
	return Ready{}, "", fmt.Errorf("more than one ready mapping fits the file; name one with --as\n%s", Table(fitting))
}

// Table lists mappings for people, within 80 columns.
func Table(list []Ready) string {
	var b strings.Builder
	for _, r := range list {
		fmt.Fprintf(&b, "  %-20s %s\n", r.Name, r.About)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
