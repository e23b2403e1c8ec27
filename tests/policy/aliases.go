package policy

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// aliases names the lines with YAML aliases, which CloudFormation does not read; the tools that check a template do.
func aliases(source []byte) []string {
	var document yaml.Node
	if err := yaml.Unmarshal(source, &document); err != nil {
		return nil // read says so
	}
	var problems []string
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.AliasNode {
			problems = append(problems, fmt.Sprintf("the template: line %d has the YAML alias *%s, which CloudFormation does not read", n.Line, n.Value))
			return
		}
		for _, inner := range n.Content {
			walk(inner)
		}
	}
	walk(&document)
	return problems
}
