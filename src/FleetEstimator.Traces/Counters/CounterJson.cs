using System.Text.Json.Serialization;

namespace FleetEstimator.Traces;

/// <summary>How the lines are written and read; generated code, which works where nothing can be compiled at run time.</summary>
[JsonSourceGenerationOptions(
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    MaxDepth = 8)]
[JsonSerializable(typeof(CounterHeader))]
[JsonSerializable(typeof(CounterSample))]
internal sealed partial class CounterJson : JsonSerializerContext;
