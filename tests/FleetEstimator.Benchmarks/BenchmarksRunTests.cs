using System.Reflection;
using BenchmarkDotNet.Attributes;
using Xunit;

namespace FleetEstimator.Benchmarks;

/// <summary>Every benchmark runs once, tiny, so that none rots.</summary>
public class BenchmarksRunTests
{
    private const int TinySize = 2_048;

    /// <summary>Every method that BenchmarkDotNet would measure.</summary>
    public static TheoryData<Type, string> Benchmarks()
    {
        var benchmarks = new TheoryData<Type, string>();
        foreach (var method in typeof(Program).Assembly.GetExportedTypes().SelectMany(type => type.GetMethods()))
        {
            if (method.GetCustomAttribute<BenchmarkAttribute>() != null)
                benchmarks.Add(method.DeclaringType!, method.Name);
        }

        return benchmarks;
    }

    [Theory]
    [MemberData(nameof(Benchmarks))]
    public void TinyRun_OfEveryBenchmark_Ends(Type type, string method)
    {
        var benchmark = Activator.CreateInstance(type)!;
        (type.GetProperty("Pages") ?? type.GetProperty("Rows"))!.SetValue(benchmark, TinySize);
        foreach (var setUp in type.GetMethods().Where(candidate => candidate.GetCustomAttribute<GlobalSetupAttribute>() != null))
            setUp.Invoke(benchmark, null);
        type.GetMethod(method)!.Invoke(benchmark, null);
        foreach (var cleanUp in type.GetMethods().Where(candidate => candidate.GetCustomAttribute<GlobalCleanupAttribute>() != null))
            cleanUp.Invoke(benchmark, null);
    }
}
