"""The charts of a comparison hold the numbers of its rows."""

from brainmtl.report.style import LIGHT
from brainmtl.study.compare import compare
from brainmtl.study.pictures import comparison_charts
from brainmtl.study.records import read_record


def test_a_chart_for_each_document_part_and_task(unet, crossval):
    charts = {
        chart.name: chart for chart in comparison_charts(compare([read_record(unet), read_record(crossval)]))
    }
    assert "bars-bin-jalal-2025-test-segmentation" in charts
    assert "bars-ferreira-2024-train-classification" in charts
    assert "bars-ferreira-2024-test-segmentation" in charts
    axes = charts["bars-bin-jalal-2025-test-segmentation"].draw(LIGHT).axes[0]
    assert {round(bar.get_width(), 4) for bar in axes.patches} == {0.8614, 0.9, 0.7910, 0.75, 0.9907}
    assert "jalal2025-unet Dice 0.861 and 0.900" in charts["bars-bin-jalal-2025-test-segmentation"].alt


def test_accuracy_stands_against_published_and_own_parameters(unet, crossval):
    rows = compare([read_record(crossval)])
    (chart,) = [chart for chart in comparison_charts(rows) if chart.name == "accuracy-parameters"]
    assert chart.alt.endswith("ferreira2024-mtl 608,645: 0.960; cv-mtl 608,645: 0.900.")
    assert all("parameters" not in chart.name for chart in comparison_charts(compare([read_record(unet)])))
