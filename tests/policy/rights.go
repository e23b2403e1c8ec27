package policy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The rules of rights are:
//   - A right is given by the role of one function, never by a policy of the resource, so that the roles say all there is.
//   - It names its actions and its resources, which are in this template. The exceptions are named below, each with its reason.
//   - An action is one that the functions need: a new one gets into the list below first.

// actions are what any function may be allowed to do, by type of resource.
var actions = map[string][]string{
	"AWS::DynamoDB::Table": {
		"dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query",
		"dynamodb:UpdateItem",
	},
	"AWS::S3::Bucket": {"s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"},
	"AWS::SQS::Queue": {
		"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage",
	},
	"AWS::Logs::LogGroup":       {"logs:CreateLogStream", "logs:PutLogEvents"},
	"AWS::Serverless::Function": {"lambda:InvokeFunction"},
}

// exceptions are the wildcards of resources that are allowed.
var exceptions = []struct{ kind, suffix, reason string }{
	{"AWS::S3::Bucket", "/*", "nobody knows the names of objects beforehand; it is the objects of one bucket that are meant"},
}

func (c *checker) role(r resource) {
	if len(list(at(r.properties, "AssumeRolePolicyDocument", "Statement"))) == 0 {
		c.against(r, "its trust policy cannot be judged: it has no statements")
	}
	for _, s := range list(at(r.properties, "AssumeRolePolicyDocument", "Statement")) {
		service := text(at(s, "Principal", "Service"))
		if len(object(at(s, "Principal"))) != 1 || service != "lambda.amazonaws.com" && service != "scheduler.amazonaws.com" {
			c.against(r, "its trust policy lets in %v, want Lambda or EventBridge Scheduler alone", at(s, "Principal"))
		}
		if text(at(s, "Action")) != "sts:AssumeRole" {
			c.against(r, "its trust policy allows %v, want sts:AssumeRole alone", at(s, "Action"))
		}
		if service == "scheduler.amazonaws.com" && text(at(s, "Condition", "StringEquals", "aws:SourceAccount")) != "${AWS::AccountId}" {
			c.against(r, "schedules of other accounts may use it: its trust policy has no condition on aws:SourceAccount")
		}
	}
	for _, p := range list(r.properties["Policies"]) {
		if len(list(at(p, "PolicyDocument", "Statement"))) == 0 {
			c.against(r, "one of its Policies is %v, which cannot be judged", p)
		}
		c.statements(r, "the policy "+text(at(p, "PolicyName")), list(at(p, "PolicyDocument", "Statement")))
	}
}

// resourcePolicy is that of a bucket or a queue, which may deny and never allow.
func (c *checker) resourcePolicy(r resource) {
	if len(list(at(r.properties, "PolicyDocument", "Statement"))) == 0 {
		c.against(r, "it cannot be judged: it has no statements")
	}
	for _, s := range list(at(r.properties, "PolicyDocument", "Statement")) {
		if text(at(s, "Effect")) == "Deny" {
			continue
		}
		if strings.Contains(fmt.Sprint(at(s, "Principal")), "*") {
			c.against(r, "it makes the resource public: it allows %v to everybody", at(s, "Action"))
			continue
		}
		c.against(r, "it allows %v to %v; rights are given by roles alone", at(s, "Action"), at(s, "Principal"))
	}
}

// statements checks what a role allows. Denying is no right.
func (c *checker) statements(r resource, where string, all []any) {
	known := []string{"Sid", "Effect", "Action", "Resource", "Condition"}
	for _, s := range all {
		for _, name := range slices.Sorted(maps.Keys(object(s))) {
			if !slices.Contains(known, name) {
				c.against(r, "%s has a statement with %s, which allows all but what it names", where, name)
			}
		}
		if text(at(s, "Effect")) == "Deny" {
			continue
		}
		if len(list(at(s, "Action"))) == 0 || len(list(at(s, "Resource"))) == 0 {
			c.against(r, "%s has a statement without an Action or a Resource", where)
		}
		for _, resource := range list(at(s, "Resource")) {
			c.right(r, where, list(at(s, "Action")), resource)
		}
	}
}

func (c *checker) right(r resource, where string, allowed []any, on any) {
	target, suffix, isOne := c.meant(on)
	if !isOne {
		c.against(r, "%s allows %v on %v, which is not one resource of this template", where, said(allowed), on)
		return
	}
	if suffix != "" && !slices.ContainsFunc(exceptions, func(e struct{ kind, suffix, reason string }) bool { return e.kind == target.kind && e.suffix == suffix }) {
		c.against(r, "%s allows %v on %s of %s: this wildcard is no named exception", where, said(allowed), suffix, target.id)
	}
	for _, action := range allowed {
		switch {
		case strings.ContainsAny(text(action), "*?") || text(action) == "":
			c.against(r, "%s allows %v on %s: an action must be named, without *", where, action, target.id)
		case !slices.Contains(actions[target.kind], text(action)):
			c.against(r, "%s allows %v on %s, and no function needs that: add it to tests/policy with the function that does", where, action, target.id)
		}
	}
}

func said(v []any) string {
	texts := make([]string, len(v))
	for i, one := range v {
		texts[i] = text(one)
	}
	return strings.Join(texts, ", ")
}

// arnEnd is the name of a resource at the end of an ARN that is written out, with what follows it.
var arnEnd = regexp.MustCompile(`^arn:[^*]*[:/]\$\{(\w+)\}(/\*|/index/\*)?$`)

// meant is the resource that a statement means, and what stands behind it.
func (c *checker) meant(on any) (target resource, suffix string, isOne bool) {
	if name, rest, isReference := strings.Cut(strings.TrimPrefix(text(on), "${"), ".Arn}"); isReference {
		target, isOne = c.resources[name]
		return target, rest, isOne
	}
	if m := arnEnd.FindStringSubmatch(text(on)); m != nil {
		target, isOne = c.resources[m[1]]
		return target, m[2], isOne
	}
	return target, "", false
}

// policies checks the rights that a function gets beside its role, as SAM expands them.
func (c *checker) policies(f resource) {
	for _, p := range list(f.properties["Policies"]) {
		o := object(p)
		if statements := list(o["Statement"]); len(statements) > 0 {
			c.statements(f, "Policies", statements)
			continue
		}
		if len(o) != 1 {
			c.against(f, "Policies name the managed policy %v, which allows more than anybody here has judged", p)
			continue
		}
		for name, parameters := range o {
			expanded, isKnown := c.expansions[name]
			if !isKnown {
				c.against(f, "Policies name %s, which is no policy template of SAM that the policy knows", name)
			}
			c.statements(f, "the policy template "+name, list(filled(expanded, object(parameters))))
		}
	}
}

// filled is a policy template with its parameters: {"Ref": "TableName"} and Fn::Sub with variables become texts.
func filled(v any, parameters map[string]any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = filled(one, parameters)
		}
		return out
	case map[string]any:
		if name, isReference := v["Ref"]; isReference {
			return parameters[text(name)]
		}
		if sub, isCall := v["Fn::Sub"]; isCall {
			parts, _ := filled(sub, parameters).([]any)
			if len(parts) != 2 {
				return sub
			}
			whole := text(parts[0])
			for name, value := range object(parts[1]) {
				whole = strings.ReplaceAll(whole, "${"+name+"}", text(value))
			}
			return whole
		}
		out := map[string]any{}
		for name, one := range v {
			out[name] = filled(one, parameters)
		}
		return out
	}
	return v
}

// allows says whether a role may do something with a resource.
func (c *checker) allows(role resource, action, on string) bool {
	for _, p := range list(role.properties["Policies"]) {
		for _, s := range list(at(p, "PolicyDocument", "Statement")) {
			isIt := func(wanted string) func(any) bool { return func(v any) bool { return text(v) == wanted } }
			if text(at(s, "Effect")) == "Allow" && slices.ContainsFunc(list(at(s, "Action")), isIt(action)) &&
				slices.ContainsFunc(list(at(s, "Resource")), isIt("${"+on+".Arn}")) {
				return true
			}
		}
	}
	return false
}
