using System.Text;
using FleetEstimator.Recorder;

namespace FleetEstimator.Cli;

/// <summary>What <c>doctor</c> says to a person.</summary>
internal static class DoctorText
{
    internal static string Of(DoctorReport report)
    {
        var text = new StringBuilder();
        _ = text.Append("Linux ").AppendLine(report.KernelRelease);
        _ = text.AppendLine(report.CanRecord ? $"Recording is possible. `record` would use --source {report.WouldChoose}." : "Recording is not possible: see the lines with no under recording.");
        var names = report.Findings.Max(finding => finding.Name.Length);
        foreach (var area in report.Findings.GroupBy(finding => finding.Area))
        {
            _ = text.AppendLine().AppendLine(Title(area.Key));
            foreach (var finding in area)
                _ = text.Append("  ").Append(finding.Name.PadRight(names)).Append("  ").Append(Mark(finding.State).PadRight(7)).AppendLine(finding.Detail);
        }

        var missing = report.Findings.Where(finding => finding.Remedy is not null).ToList();
        if (missing.Count > 0)
        {
            _ = text.AppendLine().AppendLine("What could be switched on");
            foreach (var finding in missing)
                _ = text.Append("  ").Append(finding.Name.PadRight(names)).Append("  ").AppendLine(finding.Remedy);
        }

        return text.ToString().TrimEnd();
    }

    private static string Title(FindingArea area) => area switch
    {
        FindingArea.AccessSources => "Access sources, best first",
        var other => other.ToString(),
    };

    private static string Mark(FindingState state) => state switch
    {
        FindingState.Yes => "yes",
        FindingState.Partly => "partly",
        FindingState.No => "no",
        _ => "",
    };
}
