package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// template is a template as plain values: objects, lists, texts, numbers and truth values. A reference is the text that Fn::Sub would have of it, such as
// ${Table.Arn}. Another function of CloudFormation stays an object with its name, which no rule takes for a value.
type template struct {
	root       map[string]any
	parameters map[string]map[string]any
	resources  map[string]resource
}

type resource struct {
	id, kind   string
	attributes map[string]any
	properties map[string]any // of a function, over those of Globals
}

func read(source []byte) (*template, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(source, &document); err != nil {
		return nil, fmt.Errorf("the template is no YAML: %w", err)
	}
	if len(document.Content) != 1 {
		return nil, fmt.Errorf("the template is empty")
	}
	t := &template{root: object(value(document.Content[0])), parameters: map[string]map[string]any{}, resources: map[string]resource{}}
	for name, p := range object(t.root["Parameters"]) {
		t.parameters[name] = object(p)
	}
	globals := object(object(t.root["Globals"])["Function"])
	for id, v := range object(t.root["Resources"]) {
		r := resource{id: id, kind: text(object(v)["Type"]), attributes: object(v), properties: object(object(v)["Properties"])}
		if r.kind == "AWS::Serverless::Function" {
			r.properties = object(merged(globals, r.properties))
		}
		t.resources[id] = r
	}
	return t, nil
}

// merged lays local over global as SAM does: objects key by key, lists one behind the other, anything else replaced.
func merged(global, local any) any {
	switch l := local.(type) {
	case map[string]any:
		g, isObject := global.(map[string]any)
		if !isObject {
			return local
		}
		out := map[string]any{}
		for name, v := range g {
			out[name] = v
		}
		for name, v := range l {
			if before, found := g[name]; found {
				v = merged(before, v)
			}
			out[name] = v
		}
		return out
	case []any:
		if g, isList := global.([]any); isList {
			return slices.Concat(g, l)
		}
	}
	return local
}

func value(n *yaml.Node) any {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if name, isShort := strings.CutPrefix(n.Tag, "!"); isShort && !strings.HasPrefix(name, "!") {
		plain := *n
		plain.Tag = ""
		return function(name, value(&plain))
	}
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			out[n.Content[i].Value] = value(n.Content[i+1])
		}
		if len(out) == 1 {
			for name, argument := range out {
				if short, isFunction := strings.CutPrefix(name, "Fn::"); isFunction || name == "Ref" {
					return function(short, argument)
				}
			}
		}
		return out
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			out = append(out, value(item))
		}
		return out
	}
	var out any
	if err := n.Decode(&out); err != nil {
		return n.Value
	}
	return out
}

// function is a call of a function of CloudFormation.
func function(name string, argument any) any {
	switch name {
	case "Ref":
		return "${" + text(argument) + "}"
	case "GetAtt":
		if parts, isList := argument.([]any); isList {
			argument = text(parts[0]) + "." + text(parts[len(parts)-1])
		}
		return "${" + text(argument) + "}"
	case "Sub":
		if whole, isText := argument.(string); isText {
			return whole
		}
	}
	return map[string]any{"Fn::" + name: argument}
}

func object(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}

// list is a list, or the one value that stands for a list of one.
func list(v any) []any {
	if l, isList := v.([]any); isList {
		return l
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

func text(v any) string {
	switch v := v.(type) {
	case nil, map[string]any, []any:
		return ""
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

// at is the value at a path of names.
func at(v any, names ...string) any {
	for _, name := range names {
		v = object(v)[name]
	}
	return v
}

// number is a number, or that of the parameter which a reference names: with default its default, else its bound of that name, MinValue or MaxValue.
func (t *template) number(v any, bound string) (n int, found bool) {
	said := text(v)
	if name, isReference := strings.CutPrefix(said, "${"); isReference {
		p := t.parameters[strings.TrimSuffix(name, "}")]
		said = text(p[bound])
	}
	n, err := strconv.Atoi(said)
	return n, err == nil
}

// isTrue says that a value is true, or a parameter that is true unless somebody says otherwise.
func (t *template) isTrue(v any) bool {
	said := text(v)
	if name, isReference := strings.CutPrefix(said, "${"); isReference {
		said = text(t.parameters[strings.TrimSuffix(name, "}")]["Default"])
	}
	return said == "true"
}
