package template

import (
	"iter"
	"strings"

	"go.yaml.in/yaml/v3"
)

// child returns the value of a key of a mapping, nil if there is none.
func child(node *yaml.Node, key string) *yaml.Node {
	for name, value := range pairs(node) {
		if name == key {
			return value
		}
	}
	return nil
}

// pairs yields keys and values of a mapping in the order of the file; nothing for anything else.
func pairs(node *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		node = resolve(node)
		if node == nil || node.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			if !yield(node.Content[i].Value, resolve(node.Content[i+1])) {
				return
			}
		}
	}
}

// resolve follows a YAML alias to what it names.
func resolve(node *yaml.Node) *yaml.Node {
	for node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

// merge lays a resource's properties over the Globals as SAM does: mappings key by key, lists one after the other,
// anything else replaced.
func merge(global, local *yaml.Node) *yaml.Node {
	global, local = resolve(global), resolve(local)
	if global == nil {
		return local
	}
	if local == nil {
		return global
	}
	if _, _, is := intrinsic(global); is {
		return local
	}
	if _, _, is := intrinsic(local); is || global.Kind != local.Kind {
		return local
	}
	switch local.Kind {
	case yaml.SequenceNode:
		joined := *local
		joined.Content = append(append([]*yaml.Node{}, global.Content...), local.Content...)
		return &joined
	case yaml.MappingNode:
		return mergeMappings(global, local)
	}
	return local
}

func mergeMappings(global, local *yaml.Node) *yaml.Node {
	merged := *local
	merged.Content = nil
	for i := 0; i+1 < len(global.Content); i += 2 {
		key := global.Content[i]
		merged.Content = append(merged.Content, key, merge(global.Content[i+1], child(local, key.Value)))
	}
	for i := 0; i+1 < len(local.Content); i += 2 {
		if child(global, local.Content[i].Value) == nil {
			merged.Content = append(merged.Content, local.Content[i], local.Content[i+1])
		}
	}
	return &merged
}

// intrinsic recognises both spellings of an intrinsic function, `!Sub x` and `Fn::Sub: x`, and returns its short name
// and its argument.
func intrinsic(node *yaml.Node) (name string, argument *yaml.Node, is bool) {
	if strings.HasPrefix(node.Tag, "!") && !strings.HasPrefix(node.Tag, "!!") {
		plain := *node
		plain.Tag = ""
		return strings.TrimPrefix(node.Tag, "!"), &plain, true
	}
	if node.Kind != yaml.MappingNode || len(node.Content) != 2 {
		return "", nil, false
	}
	key := node.Content[0].Value
	if short, found := strings.CutPrefix(key, "Fn::"); found {
		return short, resolve(node.Content[1]), true
	}
	if key == "Ref" || (key == "Condition" && node.Content[1].Kind == yaml.ScalarNode) {
		return key, resolve(node.Content[1]), true
	}
	return "", nil, false
}
