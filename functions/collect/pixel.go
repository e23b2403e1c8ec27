package collect

import (
	"encoding/base64"
	"strings"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// readPixel makes an event of a query string, for mails and pages without scripts. The object in data comes first; what the other parameters
// say lies over it.
func readPixel(r httpapi.Request) (payload, error) {
	tree := map[string]any{}
	if data := r.Query.Get("data"); data != "" {
		object, err := openData(data)
		if err != nil {
			return payload{}, err
		}
		tree = object.Map()
	}
	key, _ := tree["writeKey"].(string)
	delete(tree, "writeKey")
	for _, field := range []string{"type", "event", "name", "userId", "anonymousId", "messageId", "timestamp"} {
		overlay(tree, field, r.Query.Get(field))
	}
	if tree["type"] == nil {
		tree["type"] = string(event.Page)
	}
	context := child(tree, "context")
	page, properties := child(context, "page"), child(tree, "properties")
	for _, field := range []string{"url", "referrer", "title"} {
		overlay(page, field, r.Query.Get(field))
		overlay(properties, field, r.Query.Get(field))
	}
	campaign := child(context, "campaign")
	for parameter, field := range map[string]string{
		"utm_source": "source", "utm_medium": "medium", "utm_campaign": "name", "utm_term": "term", "utm_content": "content",
	} {
		overlay(campaign, field, r.Query.Get(parameter))
	}
	return payload{key: key, events: []strictjson.Value{asValue(tree)}}, nil
}

// openBase64 reads a JSON object in base64, of either alphabet, padded or not.
func openBase64(text string) (strictjson.Value, error) {
	text = strings.TrimRight(strings.NewReplacer("+", "-", "/", "_", " ", "-").Replace(text), "=")
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return strictjson.Value{}, fault.New(fault.Invalid, "bad_base64", "this parameter must be a JSON object in base64url").At("data")
	}
	plain, err := plainText(raw)
	if err != nil {
		return strictjson.Value{}, err
	}
	return openJSON(plain)
}

// child is the object under a name, made when there is none.
func child(tree map[string]any, name string) map[string]any {
	inner, ok := tree[name].(map[string]any)
	if !ok {
		inner = map[string]any{}
		tree[name] = inner
	}
	return inner
}

func overlay(tree map[string]any, field, value string) {
	if value != "" {
		tree[field] = value
	}
}
