package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// pythonJSON writes JSON as Python's json.dumps(json.loads(text), ensure_ascii=False) does, because the SAM CLI sends
// every answer through it and `waymark invoke` promises the same output: a space after colons and commas, the keys in
// their order, each once with its last value, floats in Python's shortest form. What is not JSON stays as it is.
func pythonJSON(text []byte) []byte {
	if !json.Valid(text) {
		return text
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var out strings.Builder
	if err := writePython(&out, decoder); err != nil {
		return text
	}
	return []byte(out.String())
}

func writePython(out *strings.Builder, decoder *json.Decoder) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	switch value := token.(type) {
	case json.Delim:
		if value == '{' {
			return writePythonObject(out, decoder)
		}
		return writePythonList(out, decoder)
	case string:
		writePythonString(out, value)
	case json.Number:
		out.WriteString(pythonNumber(string(value)))
	case bool:
		out.WriteString(strconv.FormatBool(value))
	case nil:
		out.WriteString("null")
	}
	return nil
}

func writePythonObject(out *strings.Builder, decoder *json.Decoder) error {
	var keys []string
	values := map[string]string{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		key := token.(string)
		var value strings.Builder
		if err := writePython(&value, decoder); err != nil {
			return err
		}
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
		values[key] = value.String()
	}
	out.WriteByte('{')
	for i, key := range keys {
		if i > 0 {
			out.WriteString(", ")
		}
		writePythonString(out, key)
		out.WriteString(": " + values[key])
	}
	out.WriteByte('}')
	_, err := decoder.Token()
	return err
}

func writePythonList(out *strings.Builder, decoder *json.Decoder) error {
	out.WriteByte('[')
	for i := 0; decoder.More(); i++ {
		if i > 0 {
			out.WriteString(", ")
		}
		if err := writePython(out, decoder); err != nil {
			return err
		}
	}
	out.WriteByte(']')
	_, err := decoder.Token()
	return err
}

// pythonEscapes are the characters that Python escapes beside the other control characters.
var pythonEscapes = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\b", `\b`, "\f", `\f`)

func writePythonString(out *strings.Builder, s string) {
	out.WriteByte('"')
	for _, r := range s {
		if r < 0x20 && !strings.ContainsRune("\n\r\t\b\f", r) {
			fmt.Fprintf(out, `\u%04x`, r)
			continue
		}
		pythonEscapes.WriteString(out, string(r))
	}
	out.WriteByte('"')
}

// pythonNumber leaves whole numbers as they are, of any length, and writes others as repr(float) does.
func pythonNumber(text string) string {
	if !strings.ContainsAny(text, ".eE") {
		if text == "-0" {
			return "0"
		}
		return text
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil { // beyond the range of a float
		if strings.HasPrefix(text, "-") {
			return "-Infinity"
		}
		return "Infinity"
	}
	scientific := strconv.FormatFloat(f, 'e', -1, 64)
	_, exponentText, _ := strings.Cut(scientific, "e")
	exponent, err := strconv.Atoi(exponentText)
	if err != nil || (f != 0 && (exponent < -4 || exponent >= 16)) {
		return scientific
	}
	plain := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(plain, ".") {
		plain += ".0"
	}
	return plain
}
