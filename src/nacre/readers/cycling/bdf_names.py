"""The column names of the Battery Data Format.

Preferred labels and machine-readable names of the BDF application ontology 1.3.0 (Battery Data Alliance, LF Energy,
https://w3id.org/battery-data-alliance/ontology/battery-data-format), and the unit that each fixes. Positive current
charges the cell.
"""

_ROWS = """
test_time_second                | Test Time / s
voltage_volt                    | Voltage / V
current_ampere                  | Current / A
unix_time_second                | Unix Time / s
cycle_count                     | Cycle Count / 1
step_count                      | Step Count / 1
ambient_temperature_celsius     | Ambient Temperature / degC
step_id                         | Step ID
step_type                       | Step Type
step_record_index               | Step Record Index / 1
step_time_second                | Step Time / s
record_index                    | Record Index / 1
charging_capacity_ah            | Charging Capacity / Ah
discharging_capacity_ah         | Discharging Capacity / Ah
net_capacity_ah                 | Net Capacity / Ah
cumulative_capacity_ah          | Cumulative Capacity / Ah
cycle_charging_capacity_ah      | Cycle Charging Capacity / Ah
cycle_discharging_capacity_ah   | Cycle Discharging Capacity / Ah
cycle_net_capacity_ah           | Cycle Net Capacity / Ah
cycle_cumulative_capacity_ah    | Cycle Cumulative Capacity / Ah
step_charging_capacity_ah       | Step Charging Capacity / Ah
step_discharging_capacity_ah    | Step Discharging Capacity / Ah
step_net_capacity_ah            | Step Net Capacity / Ah
step_cumulative_capacity_ah     | Step Cumulative Capacity / Ah
schedule_charging_capacity_ah   | Schedule Charging Capacity / Ah
schedule_discharging_capacity_ah| Schedule Discharging Capacity / Ah
charging_energy_wh              | Charging Energy / Wh
discharging_energy_wh           | Discharging Energy / Wh
net_energy_wh                   | Net Energy / Wh
cumulative_energy_wh            | Cumulative Energy / Wh
cycle_charging_energy_wh        | Cycle Charging Energy / Wh
cycle_discharging_energy_wh     | Cycle Discharging Energy / Wh
cycle_net_energy_wh             | Cycle Net Energy / Wh
cycle_cumulative_energy_wh      | Cycle Cumulative Energy / Wh
step_charging_energy_wh         | Step Charging Energy / Wh
step_discharging_energy_wh      | Step Discharging Energy / Wh
step_net_energy_wh              | Step Net Energy / Wh
step_cumulative_energy_wh       | Step Cumulative Energy / Wh
schedule_charging_energy_wh     | Schedule Charging Energy / Wh
schedule_discharging_energy_wh  | Schedule Discharging Energy / Wh
power_watt                      | Power / W
internal_resistance_ohm         | Internal Resistance / ohm
dc_internal_resistance_ohm      | DC Internal Resistance / ohm
ac_internal_resistance_ohm      | AC Internal Resistance / ohm
ambient_pressure_pa             | Ambient Pressure / Pa
applied_pressure_pa             | Applied Pressure / Pa
surface_pressure_pa             | Surface Pressure / Pa
surface_temperature_celsius     | Surface Temperature / degC
temperature_t1_celsius          | Temperature T1 / degC
temperature_t2_celsius          | Temperature T2 / degC
temperature_t3_celsius          | Temperature T3 / degC
temperature_t4_celsius          | Temperature T4 / degC
temperature_t5_celsius          | Temperature T5 / degC
frequency_hertz                 | Frequency / Hz
real_impedance_ohm              | Real Impedance / ohm
imaginary_impedance_ohm         | Imaginary Impedance / ohm
absolute_impedance_ohm          | Absolute Impedance / ohm
phase_degree                    | Phase / deg
"""
LABELS = {name.strip(): label.strip() for name, label in (row.split("|") for row in _ROWS.strip().splitlines())}
REQUIRED = ("test_time_second", "voltage_volt", "current_ampere")
WHOLE_NUMBERS = ("cycle_count", "step_count", "step_record_index", "record_index")

# names of earlier editions that published files still bear
_FORMER = {
    "step_index": "step_id",
    "step_capacity_ah": "step_cumulative_capacity_ah",
    "step_energy_wh": "step_cumulative_energy_wh",
}
_FORMER_LABELS = {
    "Step Index / 1": "step_id",
    "Step Capacity / Ah": "step_cumulative_capacity_ah",
    "Step Energy / Wh": "step_cumulative_energy_wh",
    **{f"Surface Temperature T{i} / degC": f"temperature_t{i}_celsius" for i in range(1, 6)},
}
_BY_LABEL = {" ".join(label.lower().split()): name for name, label in LABELS.items()}
_BY_LABEL |= {label.lower(): name for label, name in _FORMER_LABELS.items()} | _FORMER


def unit_of(name: str) -> str:
    """The unit that BDF fixes for a machine-readable name, "1" for a number or word."""
    return LABELS[name].partition(" / ")[2] or "1"


def machine_name(column: str) -> str:
    """The machine-readable name of a column label (or of such a name itself), "" where it is none of BDF's."""
    key = " ".join(column.strip().lower().split())
    if key in LABELS:
        return key
    return _BY_LABEL.get(key, "")
