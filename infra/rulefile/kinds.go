package rulefile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kind"
)

// sorts are the sorts of fields that the catalogue knows, as JSON Schema says them. A shop writes ids and amounts as numbers or as texts, and an
// amount as an object with its currency.
var sorts = map[string]map[string]any{
	"id":     {"type": []string{"string", "number"}, "minLength": 1},
	"text":   {"type": []string{"string"}, "minLength": 1},
	"number": {"type": []string{"number", "string", "object"}, "minLength": 1, "pattern": `^\s*([-+]?[0-9]+(\.[0-9]+)?)?\s*$`},
	"count":  {"type": []string{"integer", "string"}, "minLength": 1, "minimum": 0, "pattern": "^[0-9]*$"},
	"flag":   {"enum": []any{true, false, 0, 1, "true", "false"}},
	"list":   {"type": []string{"array"}},
	"url":    {"type": []string{"string"}, "minLength": 1},
}

// around are the fields that an event may have in context.page as well, and name the one that a page or screen has of its own.
var around = []string{"url", "referrer"}

const ownName = "name"

func checkNeeds(e KindEvent, fields map[string]string) error {
	for name, sort := range fields {
		if sorts[sort] == nil {
			return fmt.Errorf("the field %s is of the sort %q, which there is not", name, sort)
		}
	}
	for _, need := range e.Needs {
		for _, name := range strings.Split(need, "|") {
			isOwn := e.Type != event.Track && (name == ownName || slices.Contains(around, name))
			if fields[name] == "" && !isOwn {
				return fmt.Errorf("it needs %q, which is no field of its kind", name)
			}
		}
	}
	return nil
}

// kindsOf is the catalogue as programs ask it. Of the needs it has those that a stored touchpoint shows: whose properties are all kept.
func kindsOf(kinds []Kind, kept map[string]bool) kind.Catalogue {
	out := kind.Catalogue{}
	for _, k := range kinds {
		for _, e := range k.Events {
			made := kind.Event{Kind: k.ID, Channel: string(e.Channel)}
			for _, need := range e.Needs {
				names := strings.Split(need, "|")
				if !slices.ContainsFunc(names, func(name string) bool { return !isShown(e.Type, name, kept) }) {
					made.Needs = append(made.Needs, names)
				}
			}
			out[kind.Key(e.Type, e.Name)] = made
		}
	}
	return out
}

func isShown(t event.Type, name string, kept map[string]bool) bool {
	return kept[name] || slices.Contains(around, name) || t != event.Track && name == ownName
}

// The shape of a kind's JSON Schema.
type (
	kindSchema struct {
		Schema     string         `json:"$schema"`
		ID         string         `json:"$id"`
		Title      string         `json:"title"`
		Feature    string         `json:"x-feature"`
		Events     []schemaEvent  `json:"x-events"`
		Type       string         `json:"type"`
		Required   []string       `json:"required"`
		Properties map[string]any `json:"properties"`
		AllOf      []any          `json:"allOf,omitempty"`
	}
	schemaEvent struct {
		Type    event.Type `json:"type"`
		Name    string     `json:"name"`
		Channel string     `json:"channel,omitempty"` // where it happens when nothing else says so
		Stage   string     `json:"stage,omitempty"`   // of the default model, of a newcomer
		Acts    string     `json:"acts"`              // customer, company, or "customer or machine"
	}
)

// acts says who acts, by the rule that decides what makes nobody active.
var acts = map[Passive]string{"": "customer", Always: "company", Machine: "customer or machine"}

// SchemaID names a kind's JSON Schema: a later version never changes what an earlier one said.
func (k Kind) SchemaID() string { return fmt.Sprintf("urn:waymark:kind:%s:%d", k.ID, k.Version) }

// Schemas gives the JSON Schemas of the kinds of catalogue.yaml, by the ids of the kinds. Each is of an event as a client of the Segment family
// sends it.
func Schemas(files fs.FS) (map[string][]byte, error) {
	kinds, err := Catalogue(files)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, k := range kinds {
		if out[k.ID], err = k.schema(); err != nil {
			return nil, fmt.Errorf("write the schema of kind %s: %w", k.Row, err)
		}
	}
	return out, nil
}

func (k Kind) schema() ([]byte, error) {
	s := kindSchema{
		Schema: "https://json-schema.org/draft/2020-12/schema", ID: k.SchemaID(), Title: k.Title, Feature: k.Row, Type: "object", Required: []string{"type"},
	}
	types := []event.Type{}
	for _, e := range k.Events {
		s.Events = append(s.Events, schemaEvent{e.Type, e.Name, string(e.Channel), string(e.Stage), acts[e.Passive]})
		if !slices.Contains(types, e.Type) {
			types = append(types, e.Type)
		}
	}
	fields := map[string]any{}
	for name, sort := range k.Fields {
		fields[name] = orNull(sorts[sort])
	}
	s.Properties = map[string]any{
		"type": map[string]any{"enum": types}, "event": textSchema, "name": textSchema,
		"properties": map[string]any{"type": "object", "properties": fields},
	}
	s.AllOf = k.demands()
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(s); err != nil {
		return nil, err
	}
	return []byte(joined(strings.Split(out.String(), "\n"))), nil
}

const maxSchemaLine = 110

// joined puts what has room in a line into one: lists of a word, objects of two members.
func joined(lines []string) string {
	opens := func(line string) bool { return strings.HasSuffix(line, "{") || strings.HasSuffix(line, "[") }
	for first := len(lines) - 1; first >= 0; first-- {
		if !opens(lines[first]) {
			continue
		}
		line, end := lines[first], first+1
		for ; !opens(lines[end]); end++ {
			part := strings.TrimSpace(lines[end])
			isEnd := strings.HasPrefix(part, "}") || strings.HasPrefix(part, "]")
			if line += part; isEnd {
				if len(line) <= maxSchemaLine {
					lines = slices.Replace(lines, first, end+1, line)
				}
				break
			}
			if strings.HasSuffix(line, ",") {
				line += " "
			}
		}
	}
	return strings.Join(lines, "\n")
}

var textSchema = map[string]any{"type": "string"}

// orNull lets a field be null or empty, as clients send it for what they do not know.
func orNull(sort map[string]any) map[string]any {
	out := map[string]any{}
	for keyword, value := range sort {
		if keyword == "minLength" {
			continue
		}
		switch values := value.(type) {
		case []string:
			value = append(slices.Clone(values), "null")
		case []any:
			value = append(slices.Clone(values), nil)
		}
		out[keyword] = value
	}
	return out
}

// demands are what the events of a kind need, those together that need the same.
func (k Kind) demands() []any {
	type same struct {
		typ   event.Type
		needs string
	}
	names := map[same][]string{}
	var order []same
	for _, e := range k.Events {
		key := same{e.Type, strings.Join(e.Needs, " ")}
		if len(e.Needs) == 0 {
			continue
		}
		if names[key] == nil {
			order = append(order, key)
		}
		names[key] = append(names[key], e.Name)
	}
	var out []any
	for _, key := range order {
		is := map[string]any{"type": map[string]any{"const": key.typ}}
		required := []string{"type"}
		if key.typ == event.Track {
			is["event"] = map[string]any{"enum": names[key]}
			required = append(required, "event")
		}
		out = append(out, map[string]any{
			"if": map[string]any{"required": required, "properties": is}, "then": map[string]any{"allOf": k.needed(key.typ, strings.Fields(key.needs))},
		})
	}
	return out
}

func (k Kind) needed(t event.Type, needs []string) []any {
	var all []any
	for _, need := range needs {
		var ways []any
		for _, name := range strings.Split(need, "|") {
			if t != event.Track && name == ownName {
				ways = append(ways, has([]string{name}, sorts["text"]))
				continue
			}
			is := sorts[k.Fields[name]]
			if is == nil {
				is = sorts["text"]
			}
			ways = append(ways, has([]string{"properties", name}, is))
			if slices.Contains(around, name) {
				ways = append(ways, has([]string{"context", "page", name}, is))
			}
		}
		if len(ways) == 1 {
			all = append(all, ways[0])
			continue
		}
		all = append(all, map[string]any{"anyOf": ways})
	}
	return all
}

// has is the schema of an object that has a member at a path.
func has(path []string, is map[string]any) map[string]any {
	if len(path) > 1 {
		is = has(path[1:], is)
	}
	return map[string]any{"required": []string{path[0]}, "properties": map[string]any{path[0]: is}}
}
