package template

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// noValue is what !Ref AWS::NoValue means: the property, list entry or variable is not there.
type noValue struct{}

// eval computes a node: map[string]any, []any, string, bool, int64, float64 or nil.
func (t *Template) eval(node *yaml.Node) (any, error) {
	node = resolve(node)
	if node == nil {
		return nil, nil
	}
	if name, argument, is := intrinsic(node); is {
		return t.call(name, argument)
	}
	switch node.Kind {
	case yaml.MappingNode:
		return t.evalMapping(node)
	case yaml.SequenceNode:
		return t.evalSequence(node)
	}
	return scalar(node), nil
}

func (t *Template) evalMapping(node *yaml.Node) (any, error) {
	values := map[string]any{}
	for key, n := range pairs(node) {
		value, err := t.eval(n)
		if err != nil {
			return nil, err
		}
		if _, absent := value.(noValue); !absent {
			values[key] = value
		}
	}
	return values, nil
}

func (t *Template) evalSequence(node *yaml.Node) (any, error) {
	values := []any{}
	for _, n := range node.Content {
		value, err := t.eval(n)
		if err != nil {
			return nil, err
		}
		if _, absent := value.(noValue); !absent {
			values = append(values, value)
		}
	}
	return values, nil
}

func scalar(node *yaml.Node) any {
	switch node.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(node.Value, "true") || strings.EqualFold(node.Value, "yes")
	case "!!int":
		if n, err := strconv.ParseInt(node.Value, 0, 64); err == nil {
			return n
		}
	case "!!float":
		if f, err := strconv.ParseFloat(node.Value, 64); err == nil {
			return f
		}
	}
	return node.Value
}

// call computes one intrinsic function.
func (t *Template) call(name string, argument *yaml.Node) (any, error) {
	switch name {
	case "Ref":
		return t.ref(argument, argument.Value)
	case "GetAtt":
		return t.callGetAtt(argument)
	case "Sub":
		return t.callSub(argument)
	case "Join":
		return t.callJoin(argument)
	case "Select":
		return t.callSelect(argument)
	case "Split":
		return t.callSplit(argument)
	case "Base64":
		value, err := t.text(argument)
		return base64.StdEncoding.EncodeToString([]byte(value)), err
	case "If":
		return t.callIf(argument)
	case "Equals", "And", "Or", "Not", "Condition":
		return t.test(name, argument)
	}
	return nil, t.errorf(argument, "the intrinsic function %s is not supported here (only Ref, GetAtt, Sub, Join, Select, Split, Base64, If, Equals, And, Or, Not, Condition)", name)
}

func (t *Template) callGetAtt(argument *yaml.Node) (any, error) {
	if argument.Kind == yaml.SequenceNode && len(argument.Content) == 2 {
		attribute, err := t.text(argument.Content[1])
		if err != nil {
			return nil, err
		}
		return t.attribute(argument, argument.Content[0].Value, attribute)
	}
	id, attribute, found := strings.Cut(argument.Value, ".")
	if !found {
		return nil, t.errorf(argument, "GetAtt needs Resource.Attribute, not %q", argument.Value)
	}
	return t.attribute(argument, id, attribute)
}

func (t *Template) callSub(argument *yaml.Node) (any, error) {
	pattern, variables := argument, map[string]any{}
	if argument.Kind == yaml.SequenceNode {
		if len(argument.Content) != 2 {
			return nil, t.errorf(argument, "Sub needs a text, or a list of a text and a mapping")
		}
		pattern = resolve(argument.Content[0])
		values, err := t.eval(argument.Content[1])
		if err != nil {
			return nil, err
		}
		given, is := values.(map[string]any)
		if !is {
			return nil, t.errorf(argument, "the second part of Sub is not a mapping")
		}
		variables = given
	}
	return t.substitute(pattern, variables)
}

// substitute replaces ${Name}, ${Resource.Attribute} and ${AWS::Region}; ${!Literal} stays as ${Literal}.
func (t *Template) substitute(pattern *yaml.Node, variables map[string]any) (string, error) {
	var out strings.Builder
	rest := pattern.Value
	for {
		before, after, found := strings.Cut(rest, "${")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return "", t.errorf(pattern, "Sub: ${ without }")
		}
		rest = tail
		if literal, is := strings.CutPrefix(name, "!"); is {
			out.WriteString("${" + literal + "}")
			continue
		}
		value, err := t.subVariable(pattern, strings.TrimSpace(name), variables)
		if err != nil {
			return "", err
		}
		out.WriteString(asText(value))
	}
}

func (t *Template) subVariable(pattern *yaml.Node, name string, variables map[string]any) (any, error) {
	if value, given := variables[name]; given {
		return value, nil
	}
	if id, attribute, is := strings.Cut(name, "."); is {
		return t.attribute(pattern, id, attribute)
	}
	return t.ref(pattern, name)
}

func (t *Template) callJoin(argument *yaml.Node) (any, error) {
	parts, err := t.arguments(argument, "Join", 2)
	if err != nil {
		return nil, err
	}
	list, is := parts[1].([]any)
	if !is {
		return nil, t.errorf(argument, "the second part of Join is not a list")
	}
	texts := make([]string, len(list))
	for i, value := range list {
		texts[i] = asText(value)
	}
	return strings.Join(texts, asText(parts[0])), nil
}

func (t *Template) callSelect(argument *yaml.Node) (any, error) {
	parts, err := t.arguments(argument, "Select", 2)
	if err != nil {
		return nil, err
	}
	list, is := parts[1].([]any)
	index, err := strconv.Atoi(asText(parts[0]))
	if !is || err != nil || index < 0 || index >= len(list) {
		return nil, t.errorf(argument, "Select: there is no entry %s in the list", asText(parts[0]))
	}
	return list[index], nil
}

func (t *Template) callSplit(argument *yaml.Node) (any, error) {
	parts, err := t.arguments(argument, "Split", 2)
	if err != nil {
		return nil, err
	}
	list := []any{}
	for part := range strings.SplitSeq(asText(parts[1]), asText(parts[0])) {
		list = append(list, part)
	}
	return list, nil
}

// callIf computes the chosen branch only: the other may name resources that do not exist.
func (t *Template) callIf(argument *yaml.Node) (any, error) {
	if argument.Kind != yaml.SequenceNode || len(argument.Content) != 3 {
		return nil, t.errorf(argument, "If needs a condition and two values")
	}
	holds, err := t.holds(argument.Content[0].Value, argument)
	if err != nil {
		return nil, err
	}
	if holds {
		return t.eval(argument.Content[1])
	}
	return t.eval(argument.Content[2])
}

func (t *Template) holds(condition string, at *yaml.Node) (bool, error) {
	node, known := t.conditions[condition]
	if !known {
		return false, t.errorf(at, "there is no condition %s", condition)
	}
	value, err := t.eval(node)
	if err != nil {
		return false, err
	}
	holds, is := value.(bool)
	if !is {
		return false, t.errorf(node, "condition %s is neither true nor false", condition)
	}
	return holds, nil
}

// test computes the functions of the Conditions section.
func (t *Template) test(name string, argument *yaml.Node) (any, error) {
	if name == "Condition" {
		return t.holds(argument.Value, argument)
	}
	parts, err := t.arguments(argument, name, 0)
	if err != nil {
		return nil, err
	}
	if name == "Equals" {
		if len(parts) != 2 {
			return nil, t.errorf(argument, "Equals needs two values")
		}
		return asText(parts[0]) == asText(parts[1]), nil
	}
	all, any := true, false
	for _, part := range parts {
		truth, is := part.(bool)
		if !is {
			return nil, t.errorf(argument, "%s needs conditions", name)
		}
		all, any = all && truth, any || truth
	}
	switch {
	case name == "And":
		return all, nil
	case name == "Or":
		return any, nil
	case len(parts) != 1:
		return nil, t.errorf(argument, "Not needs one condition")
	}
	return !all, nil
}

// arguments computes a list of arguments; count 0 takes any number.
func (t *Template) arguments(argument *yaml.Node, name string, count int) ([]any, error) {
	if argument.Kind != yaml.SequenceNode || (count > 0 && len(argument.Content) != count) {
		return nil, t.errorf(argument, "%s needs a list of %d values", name, max(count, 1))
	}
	value, err := t.eval(argument)
	if err != nil {
		return nil, err
	}
	return value.([]any), nil
}

func (t *Template) text(node *yaml.Node) (string, error) {
	value, err := t.eval(node)
	if err != nil {
		return "", err
	}
	switch value.(type) {
	case map[string]any, []any:
		return "", t.errorf(node, "expected a text")
	}
	return asText(value), nil
}

func asText(value any) string {
	switch v := value.(type) {
	case nil, noValue:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}
