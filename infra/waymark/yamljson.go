package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	goio "io"

	"go.yaml.in/yaml/v3"

	"waymark/shared/domain/workspace"
)

// jsonOf turns YAML into JSON, keeping the digits of numbers as they stand and the order of keys. JSON stays as it is. Dates and all else that is
// neither number, flag nor null is a text. The error names the line.
func jsonOf(text []byte) ([]byte, error) {
	if json.Valid(text) {
		return text, nil
	}
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&document); errors.Is(err, goio.EOF) || err == nil && len(document.Content) == 0 {
		return nil, errors.New("the file is empty")
	} else if err != nil {
		return nil, fmt.Errorf("read YAML: %w", err)
	}
	if err := decoder.Decode(new(yaml.Node)); err == nil {
		return nil, errors.New("the file holds more than one document")
	}
	w := jsonWriter{within: map[*yaml.Node]bool{}}
	err := w.write(document.Content[0])
	return w.Bytes(), err
}

// jsonWriter writes nodes. What an alias names is written again in its place, so a short file could become a large one.
type jsonWriter struct {
	bytes.Buffer
	within map[*yaml.Node]bool // anchors that are being written
}

func (w *jsonWriter) quote(text string) {
	quoted, _ := json.Marshal(text) // a text has a JSON
	w.Write(quoted)
}

func (w *jsonWriter) write(n *yaml.Node) error {
	if w.Len() > workspace.MaxDocument {
		return fmt.Errorf("line %d: the definition is larger than %d bytes", n.Line, workspace.MaxDocument)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return w.alias(n)
	case yaml.SequenceNode:
		w.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				w.WriteByte(',')
			}
			if err := w.write(item); err != nil {
				return err
			}
		}
		w.WriteByte(']')
		return nil
	case yaml.MappingNode:
		return w.mapping(n)
	}
	return w.scalar(n)
}

func (w *jsonWriter) alias(n *yaml.Node) error {
	if w.within[n.Alias] {
		return fmt.Errorf("line %d: %s holds itself", n.Line, n.Value)
	}
	w.within[n.Alias] = true
	defer delete(w.within, n.Alias)
	return w.write(n.Alias)
}

func (w *jsonWriter) mapping(n *yaml.Node) error {
	w.WriteByte('{')
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if i > 0 {
			w.WriteByte(',')
		}
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			return fmt.Errorf("line %d: a key is a plain text", key.Line)
		}
		if seen[key.Value] {
			return fmt.Errorf("line %d: the key %q is there twice", key.Line, key.Value)
		}
		seen[key.Value] = true
		w.quote(key.Value)
		w.WriteByte(':')
		if err := w.write(n.Content[i+1]); err != nil {
			return err
		}
	}
	w.WriteByte('}')
	return nil
}

func (w *jsonWriter) scalar(n *yaml.Node) error {
	switch n.Tag {
	case "!!null":
		w.WriteString("null")
	case "!!bool":
		var is bool
		if err := n.Decode(&is); err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		fmt.Fprint(w, is)
	case "!!int", "!!float":
		if !json.Valid([]byte(n.Value)) {
			return fmt.Errorf("line %d: write the number %s in plain digits, or in quotes if it is a text", n.Line, n.Value)
		}
		w.WriteString(n.Value)
	case "!!str", "!!timestamp":
		w.quote(n.Value)
	default:
		return fmt.Errorf("line %d: %s is not understood; write plain text, numbers, lists and mappings", n.Line, n.Tag)
	}
	return nil
}
