package plan

import (
	"fmt"
	"maps"
	"strings"

	"waymark/shared/domain/event"
)

// exported reads the rules of a plan of Segment's Protocols: as its Config API gave them, {"events":[{"name","rules"}],"identify":…}, or as its
// Public API lists them, [{"type":"TRACK","key","jsonSchema"}]. Both have schemas of whole events. Of the context only the page is known here, so what
// they say of it is left out.
func (r *reader) exported(rules any) {
	switch said := rules.(type) {
	case []any:
		for i, item := range said {
			at := fmt.Sprintf("rules.%d", i)
			entry, _ := item.(map[string]any)
			t, name := strings.ToLower(text(entry["type"])), text(entry["key"])
			if t == "common" || t == "" && entry != nil && entry["type"] != nil {
				r.fault(at, "rules for all calls are not known here; put them into each event")
				continue
			}
			if !event.Type(t).Valid() || entry["jsonSchema"] == nil {
				r.fault(at, "it must have type, key and jsonSchema")
				continue
			}
			r.add(event.Type(t), name, at, withoutContext(entry["jsonSchema"]), true)
		}
	case map[string]any:
		events, _ := said["events"].([]any)
		for i, item := range events {
			entry, _ := item.(map[string]any)
			at := fmt.Sprintf("rules.events.%d", i)
			if entry["rules"] == nil {
				r.fault(at, "it must have name and rules")
				continue
			}
			r.add(event.Track, text(entry["name"]), at, withoutContext(entry["rules"]), true)
		}
		for _, t := range otherCalls {
			if entry, found := said[string(t)].(map[string]any); found && len(entry) > 0 {
				r.add(t, "", "rules."+string(t), withoutContext(entry), true)
			}
		}
	default:
		r.fault("rules", "they must be those that Segment's Protocols exports")
	}
}

func text(value any) string {
	said, _ := value.(string)
	return said
}

// withoutContext is the schema of an event without what it says of the context, and without labels, which ask nothing.
func withoutContext(asked any) any {
	whole, isObject := asked.(map[string]any)
	if !isObject {
		return asked
	}
	whole = maps.Clone(whole)
	delete(whole, "labels")
	if properties, isObject := whole["properties"].(map[string]any); isObject {
		properties = maps.Clone(properties)
		delete(properties, "context")
		whole["properties"] = properties
	}
	if required, isList := whole["required"].([]any); isList {
		var kept []any
		for _, name := range required {
			if name != "context" {
				kept = append(kept, name)
			}
		}
		whole["required"] = append([]any{}, kept...)
	}
	return whole
}
