package main

import (
	"cmp"
	"encoding/json"
	"strings"

	"waymark/shared/failed"
)

// aboutFailed says what a failed event is and who it is about, as "track Order Completed from web, of user:42", as far as
// that can be read: of a long one only the beginning is there.
func aboutFailed(f failed.Row) string {
	if f.Whole {
		return "a whole message of the queue, from " + f.Source
	}
	said := scalars(f.Original)
	if beginning := said["beginning"]; said["type"] == "" && beginning != "" { // it was too large to be kept
		said = scalars(beginning)
	}
	text := cmp.Or(said["type"], string(f.Type), "an event")
	if name := cmp.Or(said["event"], said["name"]); name != "" {
		text += " " + name
	}
	text += " from " + f.Source
	for _, id := range identifiers {
		if value := said[id.place]; value != "" {
			return text + ", of " + id.kind + value
		}
	}
	if !json.Valid([]byte(f.Original)) {
		return text
	}
	return text + ", of nobody that it names"
}

// identifiers are where an event names a person, and how Waymark writes that identifier; the first that is there counts.
var identifiers = []struct{ place, kind string }{
	{"userId", "user:"},
	{"anonymousId", "anon:"},
	{"traits.email", "email:"},
	{"context.traits.email", "email:"},
	{"properties.email", "email:"},
	{"traits.phone", "phone:"},
	{"context.traits.phone", "phone:"},
}

// scalars are the texts and numbers in an object, by their path, up to where it ends or cannot be read.
func scalars(text string) map[string]string {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	found := map[string]string{}
	var read func(path string) bool
	read = func(path string) bool {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		switch token := token.(type) {
		case json.Delim:
			for i := 0; decoder.More(); i++ {
				name := ""
				if token == '{' {
					key, err := decoder.Token()
					if err != nil {
						return false
					}
					name, _ = key.(string)
				}
				if !read(strings.TrimPrefix(path+"."+name, ".")) {
					return false
				}
			}
			_, err := decoder.Token()
			return err == nil
		case string:
			found[path] = token
		case json.Number:
			found[path] = token.String()
		}
		return true
	}
	read("")
	return found
}
