package template

import (
	"errors"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// properties reads one mapping property by property and gathers what is wrong, so that all faults are told at once.
type properties struct {
	template *Template
	node     *yaml.Node
	errs     *[]error
}

func (p properties) err() error { return errors.Join(*p.errs...) }

func (p properties) fail(err error) {
	if err != nil {
		*p.errs = append(*p.errs, err)
	}
}

func (p properties) value(key string) any {
	value, err := p.template.eval(child(p.node, key))
	p.fail(err)
	if _, absent := value.(noValue); absent {
		return nil
	}
	return value
}

func (p properties) text(key, fallback string) string {
	value := p.value(key)
	switch value.(type) {
	case nil:
		return fallback
	case map[string]any, []any:
		p.fail(p.template.errorf(child(p.node, key), "%s is not a text", key))
		return fallback
	}
	return asText(value)
}

func (p properties) number(key string, fallback int) int {
	text := p.text(key, "")
	if text == "" {
		return fallback
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		p.fail(p.template.errorf(child(p.node, key), "%s is not a whole number: %q", key, text))
	}
	return n
}

func (p properties) list(key string) []string {
	value, is := p.value(key).([]any)
	if !is {
		return nil
	}
	var texts []string
	for _, v := range value {
		texts = append(texts, asText(v))
	}
	return texts
}

func (p properties) section(key string) properties {
	return properties{template: p.template, node: child(p.node, key), errs: p.errs}
}

// texts reads a mapping of texts, such as environment variables.
func (p properties) texts() map[string]string {
	values := map[string]string{}
	for key, node := range pairs(p.node) {
		value, err := p.template.eval(node)
		p.fail(err)
		if _, absent := value.(noValue); !absent && err == nil {
			values[key] = asText(value)
		}
	}
	return values
}
