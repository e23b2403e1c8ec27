package policy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// judgedOfEvents are properties of events. FilterCriteria is none: Lambda deletes the messages that a filter does not match.
var judgedOfEvents = []string{
	"ApiId", "BatchSize", "DeadLetterConfig", "Description", "FunctionResponseTypes", "Input", "MaximumBatchingWindowInSeconds", "Method", "Path",
	"Queue", "RetryPolicy", "RoleArn", "ScalingConfig", "ScheduleExpression", "ScheduleExpressionTimezone",
}

// dataLayer is the layer that an operator may give, with data in it.
const dataLayer = "map[Fn::If:[HasGeoLayer [${GeoLayer}] []]]"

// isSecret are names of variables that should hold nothing: what stands in a template is no secret.
var isSecret = regexp.MustCompile(`(?i)secret|password|passwd|token|private|credential|api_?key`)

func (c *checker) function(f resource) {
	for _, name := range slices.Sorted(maps.Keys(object(at(f.properties, "Environment", "Variables")))) {
		if isSecret.MatchString(name) {
			c.against(f, "the variable %s looks like a secret, and everybody who reads the template or the function's settings sees it", name)
		}
	}
	c.roleOf(f)
	c.policies(f)
	if layers, found := f.properties["Layers"]; found && fmt.Sprint(layers) != dataLayer {
		c.against(f, "it has the layers %v, whose code would run in it: want none, or the operator's own by %s", layers, dataLayer)
	}
	if url := object(f.properties["FunctionUrlConfig"]); url != nil && text(url["AuthType"]) != "AWS_IAM" {
		c.against(f, "it has a public address: AuthType of FunctionUrlConfig is %q, want AWS_IAM", text(url["AuthType"]))
	}
	if group, found := c.named(at(f.properties, "LoggingConfig", "LogGroup")); !found || group.kind != "AWS::Logs::LogGroup" {
		c.against(f, "it has no log group of this template, so Lambda makes one that keeps its lines for ever")
	}
	isScheduled := false
	events := object(f.properties["Events"])
	for _, name := range slices.Sorted(maps.Keys(events)) {
		p := object(at(events[name], "Properties"))
		for _, property := range slices.Sorted(maps.Keys(p)) {
			if !slices.Contains(judgedOfEvents, property) {
				c.against(f, "no rule of the policy judges the property %s of the event %s: add it to tests/policy", property, name)
			}
		}
		switch kind := text(at(events[name], "Type")); kind {
		case "HttpApi":
			if api, found := c.named(p["ApiId"]); !found || api.kind != "AWS::Serverless::HttpApi" {
				c.against(f, "the event %s comes by an API that is not in this template, so nothing bounds and logs it", name)
			}
		case "SQS":
			c.queueEvent(f, name, p)
		case "ScheduleV2":
			isScheduled = true
			c.schedule(f, name, p)
		default:
			c.against(f, "no rule of the policy judges events of type %s", kind)
		}
	}
	if isScheduled {
		c.asyncFailures(f)
	}
}

// roleOf wants a role that is this function's alone.
func (c *checker) roleOf(f resource) {
	role, found := c.named(f.properties["Role"])
	if !found || role.kind != "AWS::IAM::Role" {
		c.against(f, "its Role is none of this template, so SAM makes one with managed policies")
		return
	}
	for _, other := range c.of(f.kind) {
		if shared, _ := c.named(other.properties["Role"]); other.id != f.id && shared.id == role.id {
			c.against(f, "it shares %s with %s, so each may do what only the other needs", role.id, other.id)
		}
	}
	if group, found := c.named(at(f.properties, "LoggingConfig", "LogGroup")); found && !c.allows(role, "logs:PutLogEvents", group.id) {
		c.against(f, "%s does not allow logs:PutLogEvents on %s, so nothing that it says is kept", role.id, group.id)
	}
}

// lambdaTimeouts is how many timeouts of its function a message is hidden at least, as AWS asks for: Lambda tries a batch again for so long.
const lambdaTimeouts = 6

func (c *checker) queueEvent(f resource, name string, p map[string]any) {
	queue, found := c.named(p["Queue"])
	if !found || queue.kind != "AWS::SQS::Queue" {
		c.against(f, "the event %s comes from a queue that is not in this template", name)
		return
	}
	timeout, _ := c.number(f.properties["Timeout"], "MaxValue")
	window, _ := c.number(p["MaximumBatchingWindowInSeconds"], "MaxValue")
	visible, _ := c.number(queue.properties["VisibilityTimeout"], "Default")
	if least := lambdaTimeouts*timeout + window; visible < least {
		c.against(f, "a message of %s is hidden for %d s, want %d s at least: %d × the timeout of %d s + the longest window of %d s",
			queue.id, visible, least, lambdaTimeouts, timeout, window)
	}
	if !slices.ContainsFunc(list(p["FunctionResponseTypes"]), func(v any) bool { return text(v) == "ReportBatchItemFailures" }) {
		c.against(f, "the event %s has no ReportBatchItemFailures, so one bad message brings its whole batch back", name)
	}
	if most, ok := c.number(at(p, "ScalingConfig", "MaximumConcurrency"), "Default"); !ok || most < 2 {
		c.against(f, "the event %s has no MaximumConcurrency, so a flood takes all concurrency of the account", name)
	}
	if role, found := c.named(f.properties["Role"]); found {
		for _, action := range []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"} {
			if !c.allows(role, action, queue.id) {
				c.against(f, "%s does not allow %s on %s, so Lambda cannot read the queue", role.id, action, queue.id)
			}
		}
	}
}

func (c *checker) schedule(f resource, name string, p map[string]any) {
	role, found := c.named(p["RoleArn"])
	if !found || role.kind != "AWS::IAM::Role" {
		c.against(f, "the schedule %s has no role of this template", name)
	}
	if found && !c.allows(role, "lambda:InvokeFunction", f.id) {
		c.against(f, "%s does not allow the schedule %s to invoke it", role.id, name)
	}
	c.deadLetters(f, "a firing of the schedule "+name+" that cannot be delivered", role, at(p, "DeadLetterConfig", "Arn"))
	if tries, ok := c.number(at(p, "RetryPolicy", "MaximumRetryAttempts"), "Default"); !ok || tries < 1 {
		c.against(f, "a firing of the schedule %s is not tried again: RetryPolicy has no MaximumRetryAttempts", name)
	}
}

// asyncFailures is for a function that is invoked without anybody waiting for its answer.
func (c *checker) asyncFailures(f resource) {
	role, _ := c.named(f.properties["Role"])
	failed := object(at(f.properties, "EventInvokeConfig", "DestinationConfig", "OnFailure"))
	if text(failed["Type"]) != "SQS" {
		failed = nil
	}
	c.deadLetters(f, "an invocation that fails after all tries", role, failed["Destination"])
}

// deadLetters wants a queue of this template, and a role that may send to it.
func (c *checker) deadLetters(f resource, what string, role resource, place any) {
	queue, found := c.named(place)
	if !found || queue.kind != "AWS::SQS::Queue" {
		c.against(f, "%s is lost: it has no dead-letter queue of this template", what)
		return
	}
	if !c.allows(role, "sqs:SendMessage", queue.id) {
		c.against(f, "%s is lost: %s does not allow sqs:SendMessage on %s", what, role.id, queue.id)
	}
}

// deadLettersOf are the places for what a function fails of.
func deadLettersOf(f resource) []any {
	places := []any{at(f.properties, "EventInvokeConfig", "DestinationConfig", "OnFailure", "Destination")}
	for _, e := range object(f.properties["Events"]) {
		places = append(places, at(e, "Properties", "DeadLetterConfig", "Arn"))
	}
	return places
}

func (c *checker) api(r resource) {
	p := r.properties
	for _, name := range []string{"ThrottlingRateLimit", "ThrottlingBurstLimit"} {
		if n, ok := c.number(at(p, "DefaultRouteSettings", name), "Default"); !ok || n < 1 {
			c.against(r, "%s is missing, so nothing bounds what a flood costs", name)
		}
	}
	if group, found := c.named(at(p, "AccessLogSettings", "DestinationArn")); !found || group.kind != "AWS::Logs::LogGroup" {
		c.against(r, "it writes no access log to a group of this template")
	}
	for _, private := range []string{"identity", "querystring", "$context.path", "authorizer"} {
		if strings.Contains(text(at(p, "AccessLogSettings", "Format")), private) {
			c.against(r, "its access log holds %s: write keys and personal data can stand there", private)
		}
	}
}
