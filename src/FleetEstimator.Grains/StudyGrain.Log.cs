using Microsoft.Extensions.Logging;

namespace FleetEstimator.Grains;

internal sealed partial class StudyGrain
{
    [LoggerMessage(1, LogLevel.Warning, "Node {Ordinal}: starting it has no known outcome ({Reason}); it will be asked.")]
    private partial void LogStartUncertain(long ordinal, string reason);

    [LoggerMessage(2, LogLevel.Warning, "Node {Ordinal} is not running anywhere; it is started again.")]
    private partial void LogStartedAgain(long ordinal);
}
