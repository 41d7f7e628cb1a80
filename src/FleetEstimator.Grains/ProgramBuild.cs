using System.Security.Cryptography;
using System.Text;

namespace FleetEstimator.Grains;

/// <summary>
/// Which build of the model this is. Results of different builds may differ, and are never put together: a study is another study to another build.
/// </summary>
internal static class ProgramBuild
{
    /// <summary>The module version ids of the assemblies that decide what a node comes to; equal for equal sources and compilers.</summary>
    public static string Id { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(
        '\n',
        new[] { typeof(Paging.Simulator), typeof(Traces.Trace), typeof(Estimation.StudyDefinition), typeof(ProgramBuild) }.Select(type => type.Module.ModuleVersionId)))));
}
