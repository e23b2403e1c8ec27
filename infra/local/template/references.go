package template

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// ref computes !Ref: a pseudo parameter, a parameter, or the name a resource goes by here.
func (t *Template) ref(at *yaml.Node, name string) (any, error) {
	switch name {
	case "AWS::Region":
		return t.options.Region, nil
	case "AWS::AccountId":
		return t.options.Account, nil
	case "AWS::Partition":
		return "aws", nil
	case "AWS::URLSuffix":
		return "amazonaws.com", nil
	case "AWS::StackName":
		return t.options.Stack, nil
	case "AWS::StackId":
		return t.arn("cloudformation", "stack/"+t.options.Stack+"/local"), nil
	case "AWS::NoValue":
		return noValue{}, nil
	}
	if value, is := t.parameters[name]; is {
		return value, nil
	}
	r, known := t.resource(name)
	if !known {
		return nil, t.errorf(at, "there is no parameter or resource %s", name)
	}
	physical, err := t.name(r)
	if err != nil {
		return nil, err
	}
	if r.kind == "AWS::SQS::Queue" {
		return t.queueURL(physical), nil
	}
	return physical, nil
}

// nameProperties say where a resource type keeps its own name.
var nameProperties = map[string]string{
	"AWS::DynamoDB::Table":         "TableName",
	"AWS::Serverless::SimpleTable": "TableName",
	"AWS::Lambda::Function":        "FunctionName",
	"AWS::Logs::LogGroup":          "LogGroupName",
	"AWS::S3::Bucket":              "BucketName",
	"AWS::SQS::Queue":              "QueueName",
	"AWS::Serverless::Function":    "FunctionName",
}

// name is the physical name: the one the template gives, otherwise stack and logical id.
func (t *Template) name(r resource) (string, error) {
	if node := child(r.properties, nameProperties[r.kind]); node != nil {
		return t.text(node)
	}
	name := t.options.Stack + "-" + r.id
	if r.kind == "AWS::S3::Bucket" {
		return strings.ToLower(name), nil
	}
	return name, nil
}

// attribute computes !GetAtt for the resource types that run here, and the Arn of functions, log groups and roles.
func (t *Template) attribute(at *yaml.Node, id, attribute string) (any, error) {
	r, known := t.resource(id)
	if !known {
		return nil, t.errorf(at, "there is no resource %s", id)
	}
	name, err := t.name(r)
	if err != nil {
		return nil, err
	}
	switch r.kind + " " + attribute {
	case "AWS::DynamoDB::Table Arn", "AWS::Serverless::SimpleTable Arn":
		return t.arn("dynamodb", "table/"+name), nil
	case "AWS::SQS::Queue Arn":
		return t.arn("sqs", name), nil
	case "AWS::SQS::Queue QueueName":
		return name, nil
	case "AWS::SQS::Queue QueueUrl":
		return t.queueURL(name), nil
	case "AWS::S3::Bucket Arn":
		return "arn:aws:s3:::" + name, nil
	case "AWS::Serverless::Function Arn", "AWS::Lambda::Function Arn":
		return t.arn("lambda", "function:"+name), nil
	case "AWS::Logs::LogGroup Arn":
		return t.arn("logs", "log-group:"+name+":*"), nil
	case "AWS::IAM::Role Arn":
		return "arn:aws:iam::" + t.options.Account + ":role/" + name, nil
	case "AWS::Serverless::HttpApi ApiEndpoint":
		if t.options.APIURL != "" {
			return t.options.APIURL, nil
		}
		return "https://" + name + ".execute-api." + t.options.Region + ".amazonaws.com", nil
	}
	return nil, t.errorf(at, "the attribute %s of %s (%s) is not known here", attribute, id, r.kind)
}

func (t *Template) queueURL(name string) string {
	if t.options.QueueURL != nil {
		return t.options.QueueURL(name)
	}
	return "https://sqs." + t.options.Region + ".amazonaws.com/" + t.options.Account + "/" + name
}

func (t *Template) arn(service, rest string) string {
	return "arn:aws:" + service + ":" + t.options.Region + ":" + t.options.Account + ":" + rest
}
