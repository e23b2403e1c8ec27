package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadEvent: an event as shells and editors write it, and what is said of one that cannot be read.
func TestReadEvent(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	const event = `{"a":"é😀"}`
	for name, test := range map[string]struct{ content, want, err string }{
		"plain":              {content: event, want: event},
		"mark":               {content: "\xef\xbb\xbf" + event, want: event},
		"mark and a line":    {content: "\xef\xbb\xbf" + event + "\r\n", want: event + "\r\n"},
		"UTF-16, Windows":    {content: "\xff\xfe{\x00\"\x00a\x00\"\x00:\x00\"\x00\xe9\x00\x3d\xd8\x00\xde\"\x00}\x00", want: event},
		"UTF-16, big-endian": {content: "\xfe\xff\x00{\x00\"\x00a\x00\"\x00:\x00\"\x00\xe9\xd8\x3d\xde\x00\x00\"\x00}", want: event},
		"a mark alone":       {content: "\xff\xfe", err: "is not JSON"},
		"a cut character":    {content: "\xff\xfe{", err: "is not JSON"},
		"no JSON":            {content: "event: 1", err: "is not JSON; the samples are in events/"},
		"empty":              {content: "", err: "is not JSON"},
	} {
		file := filepath.Join(folder, "event.json")
		if err := os.WriteFile(file, []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, from := range []string{file, "-"} {
			got, err := readEvent(from, stdio{In: strings.NewReader(test.content)})
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) || string(got) != test.want {
				t.Errorf("%s from %s: %q, %v, want %q, %s", name, from, got, err, test.want, test.err)
			}
		}
	}
	if got, err := readEvent("", stdio{}); err != nil || string(got) != "{}" {
		t.Errorf("no file: %q, %v, want the empty event", got, err)
	}
	if _, err := readEvent(filepath.Join(folder, "none.json"), stdio{}); err == nil || !strings.HasPrefix(err.Error(), "there is no event file ") {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestPorts: what is no port is told before anything starts. It sets PORT, so it runs alone.
func TestPorts(t *testing.T) {
	for _, test := range []struct{ variable, args, err string }{
		{"", "--port 99999", `the port is "99999": give --port, or PORT, a number from 1 to 65535`},
		{"", "--port -1", `the port is "-1"`},
		{"", "--port http", `the port is "http"`},
		{"70000", "", `the port is "70000"`},
		{"70000", "--port 0", ""},
		{"", "--port 65535", ""},
		{"8080", "", ""},
	} {
		t.Setenv("PORT", test.variable)
		var out, said bytes.Buffer
		_, code, done := parseDevFlags(strings.Fields(test.args+" --root ."), stdio{Out: &out, Err: &said})
		if done != (test.err != "") || done && code != 2 || !strings.Contains(said.String(), test.err) {
			t.Errorf("PORT=%s waymark dev %s ends with %d, %t and prints %s%s, want %s", test.variable, test.args, code, done, &out, &said, test.err)
		}
	}
}
