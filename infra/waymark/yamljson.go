package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// jsonOf turns YAML into JSON, keeping the digits of numbers as they stand and the order of keys. JSON is YAML too. Dates and all else that is neither
// number, flag nor null is a text. The error names the line.
func jsonOf(text []byte) ([]byte, error) {
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("read YAML: %w", err)
	}
	if err := decoder.Decode(new(yaml.Node)); err == nil {
		return nil, errors.New("the file holds more than one document")
	}
	var out bytes.Buffer
	err := writeJSON(&out, document.Content[0])
	return out.Bytes(), err
}

func writeJSON(out *bytes.Buffer, n *yaml.Node) error {
	quote := func(text string) {
		quoted, _ := json.Marshal(text) // a text has a JSON
		out.Write(quoted)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return writeJSON(out, n.Alias)
	case yaml.SequenceNode:
		out.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := writeJSON(out, item); err != nil {
				return err
			}
		}
		out.WriteByte(']')
	case yaml.MappingNode:
		out.WriteByte('{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				out.WriteByte(',')
			}
			if n.Content[i].Kind != yaml.ScalarNode || n.Content[i].Tag == "!!merge" {
				return fmt.Errorf("line %d: a key is a plain text", n.Content[i].Line)
			}
			quote(n.Content[i].Value)
			out.WriteByte(':')
			if err := writeJSON(out, n.Content[i+1]); err != nil {
				return err
			}
		}
		out.WriteByte('}')
	default:
		return writeScalar(out, n, quote)
	}
	return nil
}

func writeScalar(out *bytes.Buffer, n *yaml.Node, quote func(string)) error {
	switch n.Tag {
	case "!!null":
		out.WriteString("null")
	case "!!bool":
		var is bool
		if err := n.Decode(&is); err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		fmt.Fprint(out, is)
	case "!!int", "!!float":
		if !json.Valid([]byte(n.Value)) {
			return fmt.Errorf("line %d: write the number %s in plain digits, or in quotes if it is a text", n.Line, n.Value)
		}
		out.WriteString(n.Value)
	default:
		quote(n.Value)
	}
	return nil
}
