// Package policy holds template.yaml to rules of our own, which no checker of CloudFormation has all of: nothing public, no wildcard but named
// exceptions, encryption, recovery, retention, TLS only, a dead-letter queue wherever something may fail unseen, and messages that stay hidden for
// as long as they are worked on. It reads SAM's types as they stand in the template, and policy templates as SAM expands them.
//
// What it does not know is a problem too: a type, a property, an attribute or a function of CloudFormation that no rule here judges. So a new one
// gets its rule before it is deployed.
//
//	for _, problem := range policy.Check(source, expansions) { t.Error(problem) }
package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Expansions are the statements of SAM's policy templates by their names.
type Expansions map[string][]any

// Check reads a template and gives a sentence for each thing that is against the policy, in the order of the resources' names.
func Check(source []byte, expansions Expansions) []string {
	t, err := read(source)
	if err != nil {
		return []string{err.Error()}
	}
	c := &checker{template: t, expansions: expansions, problems: aliases(source)}
	c.sections()
	for _, id := range slices.Sorted(maps.Keys(t.resources)) {
		c.resource(t.resources[id])
	}
	return c.problems
}

type checker struct {
	*template
	expansions Expansions
	problems   []string
}

// against notes a problem of a resource.
func (c *checker) against(r resource, format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf("%s (%s): %s", r.id, r.kind, fmt.Sprintf(format, args...)))
}

// rule is what the policy knows of a type: the properties that it has judged, those that are safe whatever they say and those that check looks at.
type rule struct {
	judged []string
	kept   bool // the resource holds data that outlive the stack
	// optional says that a stack may go without: the resource holds nothing and gives nobody a right.
	optional bool
	check    func(*checker, resource)
}

var rules = map[string]rule{
	"AWS::DynamoDB::Table": {
		judged: []string{
			"AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled", "KeySchema", "PointInTimeRecoverySpecification", "SSESpecification",
			"TimeToLiveSpecification",
		},
		kept: true, check: (*checker).table,
	},
	"AWS::S3::Bucket": {
		judged: []string{
			"BucketEncryption", "LifecycleConfiguration", "OwnershipControls", "PublicAccessBlockConfiguration", "VersioningConfiguration",
		},
		kept: true, check: (*checker).bucket,
	},
	"AWS::S3::BucketPolicy": {judged: []string{"Bucket", "PolicyDocument"}, check: (*checker).resourcePolicy},
	"AWS::SQS::Queue": {
		judged: []string{"KmsMasterKeyId", "MessageRetentionPeriod", "RedrivePolicy", "SqsManagedSseEnabled", "VisibilityTimeout"},
		kept:   true, check: (*checker).queue,
	},
	"AWS::SQS::QueuePolicy": {judged: []string{"Queues", "PolicyDocument"}, check: (*checker).resourcePolicy},
	"AWS::Logs::LogGroup":   {judged: []string{"KmsKeyId", "RetentionInDays"}, kept: true, check: (*checker).logGroup},
	"AWS::IAM::Role":        {judged: []string{"AssumeRolePolicyDocument", "Policies"}, check: (*checker).role},
	"AWS::Serverless::HttpApi": {
		judged: []string{"AccessLogSettings", "DefaultRouteSettings", "FailOnWarnings", "StageName"}, check: (*checker).api,
	},
	"AWS::Serverless::Function": {
		judged: []string{
			"Architectures", "CodeUri", "Description", "Environment", "EventInvokeConfig", "Events", "FunctionUrlConfig", "Handler",
			"Layers", "LoggingConfig", "MemorySize", "Policies", "Role", "Runtime", "Timeout",
		},
		check: (*checker).function,
	},
	"AWS::CloudFront::CachePolicy":  {judged: []string{"CachePolicyConfig"}, optional: true, check: (*checker).cachePolicy},
	"AWS::CloudFront::Distribution": {judged: []string{"DistributionConfig"}, optional: true, check: (*checker).distribution},
	"AWS::CloudFront::Function": {
		judged: []string{"AutoPublish", "FunctionCode", "FunctionConfig", "Name"}, optional: true, check: (*checker).edgeFunction,
	},
	// The catalogue of the steps table: it holds no data, and gives nobody a right.
	"AWS::Glue::Database": {judged: []string{"CatalogId", "DatabaseInput"}},
	"AWS::Glue::Table":    {judged: []string{"CatalogId", "DatabaseName", "TableInput"}},
	// Alarms tell people, and touch nothing.
	"AWS::CloudWatch::Alarm": {
		judged: []string{
			"AlarmActions", "AlarmDescription", "ComparisonOperator", "EvaluationPeriods", "MetricName", "Namespace", "Period", "Statistic",
			"Threshold", "TreatMissingData",
		},
		optional: true,
	},
	"AWS::Logs::MetricFilter": {judged: []string{"FilterPattern", "LogGroupName", "MetricTransformations"}, optional: true},
}

// attributes of a resource that the policy has judged. A Condition makes a resource come and go, so it is for those alone
// that hold nothing.
var attributes = []string{"DeletionPolicy", "Metadata", "Properties", "Type", "UpdateReplacePolicy"}

// sections checks what stands beside the resources.
func (c *checker) sections() {
	if got := text(c.root["Transform"]); got != "AWS::Serverless-2016-10-31" {
		c.problems = append(c.problems, fmt.Sprintf("the template: Transform is %q, and the policy knows what AWS::Serverless-2016-10-31 makes of it alone", got))
	}
	known := []string{"AWSTemplateFormatVersion", "Conditions", "Description", "Globals", "Metadata", "Outputs", "Parameters", "Resources", "Transform"}
	for _, name := range slices.Sorted(maps.Keys(c.root)) {
		if !slices.Contains(known, name) {
			c.problems = append(c.problems, fmt.Sprintf("the template: no rule of the policy judges the section %s", name))
		}
	}
	for name, said := range object(c.root["Conditions"]) {
		if conditions[name] != fmt.Sprint(said) {
			c.problems = append(c.problems, fmt.Sprintf("the template: no rule of the policy judges the condition %s, %v", name, said))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object(c.root["Globals"]))) {
		if name != "Function" {
			c.problems = append(c.problems, fmt.Sprintf("the template: no rule of the policy judges Globals.%s", name))
		}
	}
}

func (c *checker) resource(r resource) {
	rule, isKnown := rules[r.kind]
	if !isKnown {
		c.against(r, "no rule of the policy judges this type: add one to tests/policy")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(r.attributes)) {
		if !slices.Contains(attributes, name) && (name != "Condition" || !rule.optional) {
			c.against(r, "no rule of the policy judges the attribute %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.properties)) {
		if !slices.Contains(rule.judged, name) {
			c.against(r, "no rule of the policy judges the property %s: add it to tests/policy", name)
		}
	}
	if rule.kept {
		for _, name := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
			if text(r.attributes[name]) != "Retain" {
				c.against(r, "%s is not Retain, so what it holds can be deleted with the stack or by a replacement", name)
			}
		}
	}
	if rule.check != nil {
		rule.check(c, r)
	}
}

// of lists the resources of a type by name.
func (c *checker) of(kind string) []resource {
	var found []resource
	for _, id := range slices.Sorted(maps.Keys(c.resources)) {
		if c.resources[id].kind == kind {
			found = append(found, c.resources[id])
		}
	}
	return found
}

// named is the resource that a reference to it, or to an attribute of it, means.
func (c *checker) named(reference any) (resource, bool) {
	name := strings.TrimSuffix(strings.TrimPrefix(text(reference), "${"), "}")
	id, _, _ := strings.Cut(name, ".")
	r, found := c.resources[id]
	return r, found && strings.HasPrefix(text(reference), "${")
}
