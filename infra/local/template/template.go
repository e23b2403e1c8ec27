// Package template reads a SAM template for the laptop cloud: its parameters, its intrinsic functions and those resources
// that have to run here (functions, HTTP routes, queue sources, schedules, tables, queues, buckets).
//
// It reads only what is asked for: a resource type it does not know, or an intrinsic in a property that nothing needs here
// (a policy, an alarm), is left alone. What is needed and not understood is an error with the line. It is not a validator;
// `sam validate --lint` is.
//
//	t, err := template.Load("template.yaml", template.Options{Parameters: map[string]string{"LogLevel": "DEBUG"}})
//	functions, err := t.Functions()
package template

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Options are the facts about the place of deployment that a template can ask for.
type Options struct {
	Parameters map[string]string        // values for the template's parameters, instead of their defaults
	Laptop     bool                     // parameters that nobody gave have the values of Metadata.Waymark.LaptopParameters, before their defaults
	Region     string                   // AWS::Region; us-east-1 if empty
	Account    string                   // AWS::AccountId; 000000000000 if empty
	Stack      string                   // AWS::StackName, the first part of physical names; waymark if empty
	QueueURL   func(name string) string // what !Ref of a queue means here; AWS' form if nil
	APIURL     string                   // what ApiEndpoint of an HTTP API means here; AWS' form if empty
}

// Template is a parsed template with its parameters filled in.
type Template struct {
	file       string
	options    Options
	parameters map[string]any
	laptop     []LaptopParameter
	conditions map[string]*yaml.Node
	globals    *yaml.Node
	resources  []resource
}

type resource struct {
	id         string
	kind       string
	line       int
	condition  string
	properties *yaml.Node
	metadata   *yaml.Node
}

// Load reads and parses a template file.
func Load(file string, options Options) (*Template, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	return Parse(file, source, options)
}

// Parse parses a template; file is its name in errors.
func Parse(file string, source []byte, options Options) (*Template, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(source, &document); err != nil {
		return nil, fmt.Errorf("parse %s: %w", file, err)
	}
	t := &Template{file: file, options: withDefaults(options), conditions: map[string]*yaml.Node{}}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, t.errorf(&document, "the template is not a mapping of sections")
	}
	root := document.Content[0]
	t.globals = child(root, "Globals")
	for name, node := range pairs(child(root, "Conditions")) {
		t.conditions[name] = node
	}
	if err := t.readParameters(child(root, "Parameters"), child(child(child(root, "Metadata"), "Waymark"), "LaptopParameters")); err != nil {
		return nil, err
	}
	return t, t.readResources(child(root, "Resources"))
}

func withDefaults(o Options) Options {
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Account == "" {
		o.Account = "000000000000"
	}
	if o.Stack == "" {
		o.Stack = "waymark"
	}
	return o
}

// LaptopParameter is a parameter that has another value here than where it is deployed.
type LaptopParameter struct{ Name, Value, Default string }

// LaptopParameters lists the parameters whose value is that of Metadata.Waymark.LaptopParameters and not their default, in the template's order.
func (t *Template) LaptopParameters() []LaptopParameter { return t.laptop }

func (t *Template) readParameters(section, laptop *yaml.Node) error {
	t.parameters = map[string]any{}
	for name, node := range pairs(laptop) {
		declared := child(section, name)
		if declared == nil {
			return t.errorf(node, "LaptopParameters names %s, which is no parameter", name)
		}
		if err := t.checkParameter(name, node.Value, declared); err != nil {
			return fmt.Errorf("read LaptopParameters: %w", err)
		}
	}
	for name, node := range pairs(section) {
		value, err := t.parameter(name, node, child(laptop, name))
		if err != nil {
			return err
		}
		t.parameters[name] = value
		if kind := child(node, "Type"); kind != nil && (kind.Value == "CommaDelimitedList" || strings.HasPrefix(kind.Value, "List<")) {
			t.parameters[name] = splitList(value)
		}
	}
	for name := range t.options.Parameters {
		if _, known := t.parameters[name]; !known {
			return fmt.Errorf("%s has no parameter %s", t.file, name)
		}
	}
	return nil
}

// parameter is the value of a parameter: the one given, else the laptop's if there is one and it counts, else the default.
func (t *Template) parameter(name string, node, laptop *yaml.Node) (string, error) {
	fallback := child(node, "Default")
	if value, given := t.options.Parameters[name]; given {
		return value, t.checkParameter(name, value, node)
	}
	if t.options.Laptop && laptop != nil {
		if fallback == nil || fallback.Value != laptop.Value {
			t.laptop = append(t.laptop, LaptopParameter{name, laptop.Value, textOf(fallback)})
		}
		return laptop.Value, nil
	}
	if fallback == nil {
		return "", t.errorf(node, "parameter %s has no default: give it a value with --parameter %s=VALUE", name, name)
	}
	return fallback.Value, t.checkParameter(name, fallback.Value, node)
}

func textOf(node *yaml.Node) string {
	if node == nil {
		return ""
	}
	return node.Value
}

func (t *Template) checkParameter(name, value string, node *yaml.Node) error {
	if kind := child(node, "Type"); kind != nil && kind.Value == "Number" {
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return t.errorf(node, "parameter %s is not a number: %q", name, value)
		}
	}
	allowed := child(node, "AllowedValues")
	if allowed == nil {
		return nil
	}
	var values []string
	for _, n := range allowed.Content {
		values = append(values, n.Value)
	}
	if slices.Contains(values, value) {
		return nil
	}
	return t.errorf(node, "parameter %s cannot be %q: it is one of %s", name, value, strings.Join(values, ", "))
}

func splitList(value string) []any {
	var list []any
	for part := range strings.SplitSeq(value, ",") {
		list = append(list, strings.TrimSpace(part))
	}
	return list
}

func (t *Template) readResources(section *yaml.Node) error {
	if section == nil {
		return fmt.Errorf("%s has no Resources", t.file)
	}
	for id, node := range pairs(section) {
		kind := child(node, "Type")
		if kind == nil {
			return t.errorf(node, "resource %s has no Type", id)
		}
		r := resource{id: id, kind: kind.Value, line: node.Line, properties: child(node, "Properties"), metadata: child(node, "Metadata")}
		if c := child(node, "Condition"); c != nil {
			r.condition = c.Value
		}
		t.resources = append(t.resources, r)
	}
	return nil
}

// existing lists the resources of the given types whose condition holds, in the template's order.
func (t *Template) existing(kinds ...string) ([]resource, error) {
	var found []resource
	for _, r := range t.resources {
		if !slices.Contains(kinds, r.kind) {
			continue
		}
		if r.condition != "" {
			holds, err := t.holds(r.condition, r.properties)
			if err != nil {
				return nil, err
			}
			if !holds {
				continue
			}
		}
		found = append(found, r)
	}
	return found, nil
}

func (t *Template) resource(id string) (resource, bool) {
	i := slices.IndexFunc(t.resources, func(r resource) bool { return r.id == id })
	if i < 0 {
		return resource{}, false
	}
	return t.resources[i], true
}

func (t *Template) errorf(node *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", t.file, node.Line, fmt.Sprintf(format, args...))
}
